import { type ChildProcess } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Binaries } from './binaries.js';
import { type ClusterFiles, startFailure } from './cluster.js';
import { EmbeddedDatabaseFailed } from './embedded.errors.js';
import { isRunning, wasStartedWith } from './process-life.js';
import { readSince, sizeOf } from './server-log.js';
import { type ServiceAccount, spawnPostgresProgram } from './service-account.js';

const POLL_MS = 10;
/** Replaying the log after a crash under heavy load can take minutes. */
const RECOVERY_MS = 300_000;
/** For leftovers of a killed postmaster: its children notice and end, its pid is reaped. */
const LEFTOVERS_MS = 10_000;
const FAST_STOP_MS = 20_000;
const LEFTOVERS = /lock file|shared memory|already in use|could not create any TCP/;

export interface PostmasterSettings {
  readonly binaries: Binaries;
  readonly files: ClusterFiles;
  readonly account: ServiceAccount | null;
  readonly fsync: boolean;
}

export interface Postmaster {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
}

/** Starts the postmaster and waits until it takes connections. Without a port it takes a free one. */
export const startPostmaster = async (
  settings: PostmasterSettings,
  port?: number,
): Promise<Postmaster> => {
  const deadline = Date.now() + LEFTOVERS_MS;
  for (;;) {
    const said = await sizeOf(settings.files.log);
    const postmaster = await launch(settings, port ?? (await freePort()));
    if (await isReady(postmaster, settings.files)) return postmaster;
    const reason = await readSince(settings.files.log, said);
    if (!LEFTOVERS.test(reason) || Date.now() > deadline) {
      throw new EmbeddedDatabaseFailed(
        `did not start: ${reason}`,
        `Its log is ${settings.files.log}.`,
      );
    }
    await delay(100);
  }
};

const launch = async (settings: PostmasterSettings, port: number): Promise<Postmaster> => {
  const { binaries, files, account, fsync } = settings;
  const options = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    fsync: fsync ? 'on' : 'off',
    ...(!fsync && { synchronous_commit: 'off', full_page_writes: 'off' }),
    // Statements and the details of errors hold prompts: they stay out of the log.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
    // Means nothing to PostgreSQL; by it the next start knows its own orphan.
    'maestro.cluster': files.cluster,
  };
  const child = spawnPostgresProgram(binaries.postgres, {
    account,
    directory: files.cluster,
    logFile: files.log,
    // A process group of its own: Ctrl-C in the terminal must not stop it before the server has closed.
    detached: true,
    args: (directory) => [
      '-D',
      directory,
      ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
  });
  child.unref();
  if (child.pid === undefined)
    throw startFailure(await new Promise((resolve) => child.once('error', resolve)));
  return { child, pid: child.pid, port };
};

/** False when it ended instead. The last line of postmaster.pid is its own word on its state. */
const isReady = async ({ child, pid }: Postmaster, files: ClusterFiles): Promise<boolean> => {
  const deadline = Date.now() + RECOVERY_MS;
  while (child.exitCode === null && child.signalCode === null) {
    const lines = await pidFileOf(files);
    if (Number(lines[0]) === pid && lines[7]?.trim() === 'ready') return true;
    if (Date.now() > deadline) {
      await stopPostmaster(pid);
      return false;
    }
    await delay(POLL_MS);
  }
  return false;
};

/** Fast stop: open transactions are rolled back and all is written. One that hangs is stopped as by a crash. */
export const stopPostmaster = async (pid: number): Promise<void> => {
  const signals: [NodeJS.Signals, number][] = [
    ['SIGINT', FAST_STOP_MS],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ];
  for (const [signal, patienceMs] of signals) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      if (!isRunning(pid)) return;
      await delay(POLL_MS);
    }
  }
};

/** A server that was killed leaves its postmaster running: it is stopped here. The caller holds the directory's lock. */
export const stopOrphan = async (files: ClusterFiles): Promise<number | null> => {
  const pid = Number((await pidFileOf(files))[0]);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  if (isRunning(pid) && wasStartedWith(pid, `maestro.cluster=${files.cluster}`)) {
    await stopPostmaster(pid);
    return pid;
  }
  // The number may now be a zombie's or a stranger's, and PostgreSQL would wait for either to go. Should children of
  // the dead postmaster still run, their shared memory keeps a new one from starting all the same.
  await rm(join(files.cluster, 'postmaster.pid'), { force: true });
  return null;
};

const pidFileOf = async (files: ClusterFiles): Promise<string[]> => {
  const text = await readFile(join(files.cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  return text.split('\n');
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
