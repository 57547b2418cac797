import { randomUUID } from 'node:crypto';
import {
  access,
  chmod,
  constants,
  link,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DataDirUnusable, StoreChanged } from './config.errors.js';

const OWNER_ONLY = 0o600;

/**
 * Makes the server's data directory, closed to everybody else. One that already holds files keeps its mode: it may be
 * shared (`--data-dir /tmp`), and all that is secret in it is closed by itself.
 * Fails with `server/data-dir-unusable`.
 */
export const prepareDataDir = async (dir: string): Promise<void> => {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    if ((await readdir(dir)).length === 0) await chmod(dir, 0o700);
    await access(dir, constants.W_OK);
  } catch (error) {
    throw new DataDirUnusable(dir, error);
  }
};

export interface KeptSecret {
  readonly value: string;
  /** Made just now: the first start is the moment to show a token. */
  readonly created: boolean;
}

/** The secret in the file `name` of the data directory, mode 0600; `make` is asked for one when there is none. */
export const readOrCreateSecret = async (
  dir: string,
  name: string,
  make: () => string,
): Promise<KeptSecret> => {
  const path = join(dir, name);
  const kept = await readKept(path);
  if (kept !== null) return { value: kept, created: false };
  const made = make();
  if (await createWhole(path, `${made}\n`)) return { value: made, created: true };
  // Another process on this directory was faster: its secret is the one.
  return { value: (await readKept(path)) ?? made, created: false };
};

const readKept = async (path: string): Promise<string | null> => {
  const value = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (value === null) return null;
  if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, OWNER_ONLY);
  return value.trim();
};

/** A link appears with its content or not at all, and not over an existing file. */
const createWhole = async (path: string, content: string): Promise<boolean> => {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content, { mode: OWNER_ONLY, flush: true });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
};

const storeSchema = z.object({
  database: z.enum(['embedded', 'external']),
  queue: z.enum(['postgres', 'redis']),
});

/** Where a data directory's work is kept. */
export type Store = z.infer<typeof storeSchema>;

export const storeOf = (config: {
  databaseUrl: string | null;
  redisUrl: string | null;
}): Store => ({
  database: config.databaseUrl === null ? 'embedded' : 'external',
  queue: config.redisUrl === null ? 'postgres' : 'redis',
});

/**
 * Holds the data directory to one store: with another one, all that was stored and queued would seem to be gone.
 * Fails with `server/store-changed` unless the change is allowed.
 */
export const recordStore = async (
  dir: string,
  store: Store,
  allowChange = false,
): Promise<void> => {
  const path = join(dir, 'store.json');
  const content = `${JSON.stringify(store)}\n`;
  if (await createWhole(path, content)) return;
  const recorded = storeSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  if (recorded.database === store.database && recorded.queue === store.queue) return;
  if (!allowChange) throw new StoreChanged(dir, describeStore(recorded), describeStore(store));
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content, { mode: OWNER_ONLY, flush: true });
  await rename(draft, path);
};

const describeStore = ({ database, queue }: Store): string =>
  `the ${database} database and the queue in ${queue === 'redis' ? 'Redis' : 'PostgreSQL'}`;
