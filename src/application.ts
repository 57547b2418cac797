import 'reflect-metadata';
import { type AddressInfo } from 'node:net';
import { type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { AdminToken } from './platform/access/index.js';
import { type Config, PortTaken } from './platform/config/index.js';
import { setupHttp } from './platform/http/index.js';
import { RealtimeAdapter } from './platform/realtime/index.js';

export interface RunningServer {
  /** `http://host:port`. */
  url: string;
  /** The admin token when this start made it; null when it was there before. */
  newAdminToken: string | null;
  /** Drains, then stops. Agents go on running. */
  close(): Promise<void>;
}

/** Builds the application on a database that runs, and listens. */
export const startApplication = async (
  config: Config,
  databaseUrl: string,
  logger: LoggerService,
): Promise<RunningServer> => {
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot(config, databaseUrl),
    { bodyParser: false, logger, abortOnError: false },
  );
  try {
    setupHttp(app);
    app.useWebSocketAdapter(new RealtimeAdapter(app, config));
    await app.listen(config.port, config.host).catch((error: unknown) => {
      throw isTaken(error) ? new PortTaken(config, error) : error;
    });
    const token = app.get(AdminToken);
    return {
      url: urlOf(config.host, app.getHttpServer().address() as AddressInfo),
      newAdminToken: token.isNew ? token.value : null,
      close: () => app.close(),
    };
  } catch (error) {
    // Workers that go on asking for jobs would keep the database from stopping.
    await app.close().catch(() => undefined);
    throw error;
  }
};

const isTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';

const urlOf = (host: string, { port }: AddressInfo): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
