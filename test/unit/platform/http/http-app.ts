import { type AddressInfo } from 'node:net';
import { type LoggerService, type ModuleMetadata, type Type } from '@nestjs/common';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { AccessModule } from '../../../../src/platform/access/index.js';
import { type Config, ConfigModule, parseConfig } from '../../../../src/platform/config/index.js';
import { HttpModule, IdempotencyKeys, setupHttp } from '../../../../src/platform/http/index.js';
import {
  ObservabilityModule,
  type ReadinessCheck,
} from '../../../../src/platform/observability/index.js';
import { RealtimeAdapter } from '../../../../src/platform/realtime/index.js';
import {
  type Claim,
  type KeptAnswer,
  type KeyedRequest,
} from '../../../../src/platform/http/storage/idempotency-keys.repository.js';

export const TOKEN = 'token-of-the-tests';

/** What a class promises to its callers: the fake must keep up, or tsc says so. */
type PublicOf<T> = { [K in keyof T]: T[K] };

export class InMemoryKeys implements PublicOf<IdempotencyKeys> {
  readonly rows = new Map<string, { request: KeyedRequest; id: string; answer?: KeptAnswer }>();

  async claim(request: KeyedRequest, id: string): Promise<Claim> {
    const at = `${request.scope} ${request.key}`;
    const row = this.rows.get(at);
    if (!row) {
      this.rows.set(at, { request, id });
      return { outcome: 'claimed', resourceId: id };
    }
    if (row.request.bodyHash !== request.bodyHash) return { outcome: 'other-body' };
    return row.answer ? { outcome: 'answered', answer: row.answer } : { outcome: 'in-progress' };
  }

  async keep({ scope, key }: KeyedRequest, answer: KeptAnswer): Promise<void> {
    const row = this.rows.get(`${scope} ${key}`);
    if (row) row.answer = answer;
  }

  async release({ scope, key }: KeyedRequest): Promise<void> {
    this.rows.delete(`${scope} ${key}`);
  }

  async sweep(): Promise<number> {
    return 0;
  }
}

export class RecordingLogger implements LoggerService {
  readonly lines: string[] = [];
  log = (): void => undefined;
  warn = (...line: unknown[]): void => void this.lines.push(JSON.stringify(line));
  error = (...line: unknown[]): void => void this.lines.push(JSON.stringify(line));
}

export interface HttpApp extends AsyncDisposable {
  url: string;
  app: NestExpressApplication;
  log: RecordingLogger;
  call: (path: string, init?: RequestInit) => Promise<Response>;
}

/** The platform's HTTP around the given controllers, on a free port of loopback, without a database. */
export const startHttp = async (
  parts: Pick<ModuleMetadata, 'controllers' | 'providers'> & { checks?: Type<ReadinessCheck>[] },
  overrides: Partial<Config> = {},
): Promise<HttpApp> => {
  const config: Config = {
    ...parseConfig({
      MAESTRO_ADMIN_TOKEN: TOKEN,
      MAESTRO_SECRET_KEY: 'key-of-the-tests-32-characters!!',
    }),
    ...overrides,
  };
  const log = new RecordingLogger();
  const module = await Test.createTestingModule({
    controllers: parts.controllers ?? [],
    providers: parts.providers ?? [],
    imports: [
      ConfigModule.forRoot(config),
      HttpModule,
      AccessModule,
      ObservabilityModule.forRoot({ checks: parts.checks ?? [] }),
    ],
  })
    .overrideProvider(IdempotencyKeys)
    .useValue(new InMemoryKeys())
    .setLogger(log)
    .compile();
  const app = module.createNestApplication<NestExpressApplication>();
  setupHttp(app);
  app.useWebSocketAdapter(new RealtimeAdapter(app, config));
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    app,
    log,
    call: (path, init = {}) =>
      fetch(url + path, {
        ...init,
        headers: { Authorization: `Bearer ${TOKEN}`, ...(init.headers as Record<string, string>) },
      }),
    [Symbol.asyncDispose]: () => app.close(),
  };
};

export const json = (method: string, body: unknown, headers = {}): RequestInit => ({
  method,
  headers: { 'Content-Type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
