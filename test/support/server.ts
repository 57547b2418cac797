import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, startServer } from '../../src/main.js';
import { parseConfig } from '../../src/platform/config/index.js';
import { Api } from './api.js';
import { type Store } from './stores.js';

const TOKEN = 'mst_only-for-tests-0123456789abcdef';

export interface TestServer {
  api: Api;
  dataDir: string;
  /** Stops it and starts it again on the same data, at the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The whole server in this process, on a free loopback port and in its own data directory. */
export const startTestServer = async (
  store: Pick<Store, 'databaseUrl' | 'redisUrl'>,
  settings: Record<string, string> = {},
): Promise<TestServer> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'maestro-server-'));
  const start = (port: number): Promise<RunningServer> =>
    startServer(
      parseConfig({
        HOME: process.env['HOME'],
        MAESTRO_DATA_DIR: dataDir,
        MAESTRO_PORT: String(port),
        MAESTRO_ADMIN_TOKEN: TOKEN,
        MAESTRO_LOG_LEVEL: 'error',
        MAESTRO_SWEEP_MS: '500',
        ...(store.databaseUrl === null ? {} : { DATABASE_URL: store.databaseUrl }),
        ...(store.redisUrl === null ? {} : { REDIS_URL: store.redisUrl }),
        ...settings,
      }),
    );
  let server = await start(0);
  const api = new Api(server.url, TOKEN);
  return {
    api,
    dataDir,
    restart: async () => {
      await server.close();
      server = await start(Number(new URL(api.url).port));
    },
    stop: async () => {
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
