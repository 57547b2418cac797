import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Binaries } from './binaries.js';
import { EmbeddedDatabaseFailed } from './embedded.errors.js';
import { readSince, sizeOf } from './server-log.js';
import { type ServiceAccount, spawnPostgresProgram } from './service-account.js';

/** The one role of the cluster; nobody logs in without its random password. */
export const SUPERUSER = 'maestro';

export interface ClusterFiles {
  /** PostgreSQL's own data directory. */
  readonly cluster: string;
  readonly password: string;
  readonly log: string;
  /** All of the above are in here. */
  readonly home: string;
}

export const clusterFilesIn = (dir: string): ClusterFiles => {
  const home = join(dir, 'postgres');
  return {
    home,
    cluster: join(home, 'cluster'),
    password: join(home, 'password'),
    log: join(home, 'postgres.log'),
  };
};

/** Makes the cluster when there is none. Killed half-way it leaves a draft, never half a cluster. */
export const ensureCluster = async (
  files: ClusterFiles,
  binaries: Binaries,
  account: ServiceAccount | null,
  fsync: boolean,
): Promise<void> => {
  const version = await readFile(join(files.cluster, 'PG_VERSION'), 'utf8').catch(() => null);
  if (version === null) {
    await initdb(files, binaries, account, fsync);
  } else if (version.trim() !== binaries.major) {
    throw new EmbeddedDatabaseFailed(
      `is version ${binaries.major}, but ${files.cluster} was made by version ${version.trim()}`,
      'Start the previous release of maestro, move its data with pg_dump and DATABASE_URL, then upgrade.',
    );
  }
};

const initdb = async (
  files: ClusterFiles,
  binaries: Binaries,
  account: ServiceAccount | null,
  fsync: boolean,
): Promise<void> => {
  for (const name of await readdir(files.home)) {
    if (name.startsWith('draft-'))
      await rm(join(files.home, name), { recursive: true, force: true, maxRetries: 5 });
  }
  const draft = await mkdtemp(join(files.home, 'draft-'));
  const password = randomBytes(24).toString('hex');
  await mkdir(join(draft, 'cluster'), { mode: 0o700 });
  await writeFile(join(draft, 'password'), password, { mode: 0o600 });
  if (account !== null) {
    for (const path of [draft, join(draft, 'cluster'), join(draft, 'password')])
      await chown(path, account.uid, account.gid);
  }
  const said = await sizeOf(files.log);
  const child = spawnPostgresProgram(binaries.initdb, {
    account,
    directory: draft,
    logFile: files.log,
    args: (directory) => [
      `--pgdata=${directory}/cluster`,
      `--username=${SUPERUSER}`,
      `--pwfile=${directory}/password`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...(fsync ? [] : ['--no-sync']),
    ],
  });
  const [code] = (await once(child, 'exit').catch((error: unknown) => {
    throw startFailure(error);
  })) as [number | null];
  if (code !== 0) {
    throw new EmbeddedDatabaseFailed(
      `could not make its data directory: ${await readSince(files.log, said)}`,
      'Check that the disk has 100 MB free, or set DATABASE_URL to a PostgreSQL server.',
    );
  }
  await writeFile(files.password, password, { mode: 0o600 });
  await rename(join(draft, 'cluster'), files.cluster);
  await rm(draft, { recursive: true, force: true });
};

/** The program itself could not be started. */
export const startFailure = (cause: unknown): EmbeddedDatabaseFailed =>
  new EmbeddedDatabaseFailed(
    `does not run on this system: ${cause instanceof Error ? cause.message : String(cause)}`,
    'Its binaries need glibc 2.27 or newer on Linux (not musl), or macOS 13. Else set DATABASE_URL to a PostgreSQL server.',
    cause,
  );
