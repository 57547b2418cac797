import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { chown, lchown, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EmbeddedDatabaseUnsupported } from './embedded.errors.js';

/** Whom PostgreSQL runs as. */
export interface ServiceAccount {
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root, so for root it runs as the owner of an existing cluster, else as `nobody`,
 * whom every system has. Null: the server's own account will do.
 */
export const serviceAccountFor = async (cluster: string): Promise<ServiceAccount | null> => {
  if (process.getuid?.() !== 0) return null;
  const owner = await stat(cluster).catch(() => null);
  if (owner !== null && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const account = nobody();
  if (owner !== null) await giveTree(cluster, account);
  return account;
};

const nobody = (): ServiceAccount => {
  const entry = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  if (entry === null)
    throw new EmbeddedDatabaseUnsupported(
      'PostgreSQL refuses to run as root and there is no user nobody',
    );
  // macOS writes -2 for 4294967294.
  return { uid: Number(entry[1]) >>> 0, gid: Number(entry[2]) >>> 0 };
};

/** A cluster restored by root belongs to root. */
const giveTree = async (root: string, { uid, gid }: ServiceAccount): Promise<void> => {
  await chown(root, uid, gid);
  for (const entry of await readdir(root, { recursive: true }))
    await lchown(join(root, entry), uid, gid);
};

/** Whether the account may run the file: every directory on the way lets it pass. */
export const canReach = async (file: string, { uid, gid }: ServiceAccount): Promise<boolean> => {
  for (let path = file; ; path = dirname(path)) {
    const { mode, uid: owner, gid: group } = await stat(path);
    const shift = owner === uid ? 6 : group === gid ? 3 : 0;
    if (((mode >> shift) & 1) === 0) return false;
    if (path === dirname(path)) return true;
  }
};

export interface SpawnOptions {
  readonly account: ServiceAccount | null;
  /** The directory that the program works in; `args` gets the name by which the program can open it. */
  readonly directory: string;
  readonly args: (directory: string) => string[];
  /** Where stdout and stderr go. */
  readonly logFile: string;
  readonly detached?: boolean;
}

/**
 * Starts a PostgreSQL program. Its environment is made new: neither PG* nor a secret of the server gets in.
 * Root's directories may be closed to the account further up (/root is 0700): on Linux the directory is handed
 * over as an open descriptor, which needs no way through them.
 */
export const spawnPostgresProgram = (program: string, options: SpawnOptions): ChildProcess => {
  const { account, directory, args, logFile, detached = false } = options;
  const log = openSync(logFile, 'a', 0o600);
  const handle = account !== null && existsSync('/proc/self/fd') ? openSync(directory, 'r') : null;
  try {
    return spawn(program, args(handle === null ? directory : '/proc/self/fd/3'), {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      detached,
      stdio: handle === null ? ['ignore', log, log] : ['ignore', log, log, handle],
      ...(account !== null && { uid: account.uid | 0, gid: account.gid | 0 }),
    });
  } finally {
    closeSync(log);
    if (handle !== null) closeSync(handle);
  }
};
