import { mkdir, readFile, realpath } from 'node:fs/promises';
import { Client } from 'pg';
import { findBinaries } from './binaries.js';
import { SUPERUSER, clusterFilesIn, ensureCluster } from './cluster.js';
import { lockDataDirectory } from './data-directory-lock.js';
import { EmbeddedDatabaseFailed } from './embedded.errors.js';
import { stopOrphan } from './postmaster.js';
import { rotate } from './server-log.js';
import { serviceAccountFor } from './service-account.js';
import { type Log, SupervisedPostmaster } from './supervised-postmaster.js';

const DATABASE = 'maestro';

export interface EmbeddedPostgresOptions {
  /** The server's data directory; the cluster lives in its `postgres` folder. */
  readonly dir: string;
  readonly log: Log;
  /** False gives up safety against power cuts: for tests only. */
  readonly fsync?: boolean;
}

export interface EmbeddedPostgres {
  /** Of the database `maestro`, with the password in it. Stays valid when the postmaster had to be relaunched. */
  readonly url: string;
  /** Of the postmaster that runs now. */
  readonly pid: number;
  /** Stops PostgreSQL and gives the data directory free. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Brings up the PostgreSQL that belongs to a data directory, making it at the first start and stopping the one that
 * a killed server left behind. While it runs, a postmaster that dies is relaunched on the same port.
 * Fails with `server/data-dir-in-use`, `server/embedded-database-unsupported` or `server/embedded-database-failed`.
 */
export const startEmbeddedPostgres = async (
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> => {
  const { log, fsync = true } = options;
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const dir = await realpath(options.dir);
  const lock = await lockDataDirectory(dir);
  try {
    const files = clusterFilesIn(dir);
    await mkdir(files.home, { recursive: true, mode: 0o700 });
    const account = await serviceAccountFor(files.cluster);
    const binaries = await findBinaries(files.home, account);
    const orphan = await stopOrphan(files);
    if (orphan !== null)
      log('stopped the database that a killed server left behind', { pid: orphan });
    await rotate(files.log);
    await ensureCluster(files, binaries, account, fsync);
    const running = new SupervisedPostmaster({ binaries, files, account, fsync }, log);
    const port = await running.start();
    const urlOf = (database: string): string =>
      `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
    const password = await readFile(files.password, 'utf8');
    try {
      await ensureDatabase(urlOf('postgres'));
    } catch (cause) {
      await running.stop();
      throw cause;
    }
    let stopped: Promise<void> | undefined;
    return {
      url: urlOf(DATABASE),
      get pid() {
        return running.pid;
      },
      stop: () => (stopped ??= running.stop().then(() => lock.release())),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
};

const ensureDatabase = async (url: string): Promise<void> => {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EmbeddedDatabaseFailed(
      `refused its own server: ${reason}`,
      'Was the file postgres/password changed?',
      cause,
    );
  } finally {
    await client.end();
  }
};
