import 'reflect-metadata';
import { type AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { AdminToken } from './platform/access/index.js';
import {
  type Config,
  PortTaken,
  prepareDataDir,
  recordStore,
  storeOf,
} from './platform/config/index.js';
import { startEmbeddedPostgres } from './platform/database/embedded/index.js';
import { setupHttp } from './platform/http/index.js';
import { JsonLogger } from './platform/observability/index.js';
import { RealtimeAdapter } from './platform/realtime/index.js';

export interface RunningServer {
  /** `http://host:port`. */
  url: string;
  /** The admin token when this start made it; null when it was there before. */
  newAdminToken: string | null;
  /** Drains, then stops everything that `startServer` started. Agents go on running. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts the server in the roles that the configuration asks for, with its own database when none is configured. */
export const startServer = async (config: Config): Promise<RunningServer> => {
  const logger = new JsonLogger(config.logLevel);
  await prepareDataDir(config.dataDir);
  await recordStore(config.dataDir, storeOf(config), config.allowStoreChange);
  const embedded =
    config.databaseUrl === null
      ? await startEmbeddedPostgres({
          dir: config.dataDir,
          log: (message, facts) => {
            logger.log({ message, ...facts }, 'EmbeddedPostgres');
          },
        })
      : null;
  let created: NestExpressApplication | null = null;
  try {
    const app = await NestFactory.create<NestExpressApplication>(
      AppModule.forRoot(config, embedded?.url ?? (config.databaseUrl as string)),
      { bodyParser: false, logger, abortOnError: false },
    );
    created = app;
    setupHttp(app);
    app.useWebSocketAdapter(new RealtimeAdapter(app, config));
    await app.listen(config.port, config.host).catch((error: unknown) => {
      throw isTaken(error) ? new PortTaken(config, error) : error;
    });
    const token = app.get(AdminToken);
    let closing: Promise<void> | undefined;
    return {
      url: urlOf(config.host, app.getHttpServer().address() as AddressInfo),
      newAdminToken: token.isNew ? token.value : null,
      close: () => (closing ??= app.close().finally(() => embedded?.stop())),
    };
  } catch (error) {
    // Workers that go on asking for jobs would keep the database from stopping.
    await created?.close().catch(() => undefined);
    await embedded?.stop();
    throw error;
  }
};

const isTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';

const urlOf = (host: string, { port }: AddressInfo): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
