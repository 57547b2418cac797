import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

const PROGRAMS = ['redis-server', 'valkey-server'];

/** The Redis of this machine; null when it has none. */
export const redisProgram = (): string | null =>
  PROGRAMS.find((program) => spawnSync(program, ['--version']).status === 0) ?? null;

export interface TestRedis {
  url: string;
  /** Another connection to look at it or to empty it. */
  connect(): Redis;
  /** Stops it and, after `whileDown`, starts it again on the same port and files. */
  restart(whileDown?: () => Promise<unknown>): Promise<void>;
  stop(): Promise<void>;
}

/** A real Redis of its own, as `docker-compose.yml` sets one up: AOF, no eviction, a password. */
export const startRedis = async (program: string): Promise<TestRedis> => {
  const dir = await mkdtemp(join(tmpdir(), 'maestro-redis-'));
  const port = await freePort();
  const password = randomBytes(12).toString('hex');
  const start = (): ChildProcess =>
    spawn(
      program,
      [
        ...['--bind', '127.0.0.1', '--port', String(port), '--dir', dir, '--requirepass', password],
        ...['--appendonly', 'yes', '--maxmemory-policy', 'noeviction', '--daemonize', 'no'],
      ],
      { stdio: 'ignore' },
    );
  let child = start();
  const url = `redis://:${password}@127.0.0.1:${port}`;
  const probe = new Redis(url, { maxRetriesPerRequest: null });
  probe.on('error', () => undefined);
  await probe.ping();
  probe.disconnect();
  return {
    url,
    connect: () => new Redis(url),
    restart: async (whileDown) => {
      await ended(child);
      await whileDown?.();
      child = start();
    },
    stop: async () => {
      await ended(child);
      await rm(dir, { recursive: true, force: true });
    },
  };
};

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null) {
      resolve();
      return;
    }
    child.once('exit', () => {
      resolve();
    });
    child.kill('SIGTERM');
  });

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => {
        resolve(port);
      });
    });
  });
