import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/index.js';
import { redisProgram, startRedis, type TestRedis } from './redis.js';

/** Where a server under test keeps its data: what its configuration says of the stores. */
export interface Store {
  databaseUrl: string | null;
  redisUrl: string | null;
  /** The Redis behind `redisUrl`; null in the embedded default. */
  redis: TestRedis | null;
  /** The PostgreSQL behind `databaseUrl`, which comes back when it dies; null in the embedded default. */
  postgres: { readonly pid: number } | null;
  stop(): Promise<void>;
}

export type StoreKind = 'embedded' | 'external';

/** With `fsync`, what was committed is still there after a crash of PostgreSQL, as in production. */
export const startStore = async (
  kind: StoreKind,
  { fsync = false }: { fsync?: boolean } = {},
): Promise<Store> => {
  if (kind === 'embedded') {
    const nothing = { databaseUrl: null, redisUrl: null, redis: null, postgres: null };
    return { ...nothing, stop: () => Promise.resolve() };
  }
  const program = redisProgram();
  if (program === null) throw new Error('This machine has no Redis');
  const dir = await mkdtemp(join(tmpdir(), 'maestro-postgres-'));
  const postgres = await startEmbeddedPostgres({ dir, log: () => undefined, fsync });
  const redis = await startRedis(program);
  return {
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    redis,
    postgres,
    stop: async () => {
      await redis.stop();
      await postgres.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};

/** The same suite on both stores that users can choose: nothing may work in only one of them. */
export const describeStores = (title: string, suite: (kind: StoreKind) => void): void => {
  describe(`${title}, embedded`, () => {
    suite('embedded');
  });
  if (redisProgram() === null) {
    describe.skip(`${title}, on PostgreSQL and Redis (this machine has no redis-server)`, () => {
      suite('external');
    });
  } else {
    describe(`${title}, on PostgreSQL and Redis`, () => {
      suite('external');
    });
  }
};
