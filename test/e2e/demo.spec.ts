import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { redisProgram } from '../support/redis.js';
import { startStore } from '../support/stores.js';

const MAESTRO = new URL('../../dist/cli/maestro.js', import.meta.url).pathname;

interface Summary {
  ok: boolean;
  proofs: { ok: boolean; text: string }[];
}

const play = async (
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<{ code: number | null; output: string; summary: Summary | null }> => {
  const child = spawn(
    process.execPath,
    [MAESTRO, 'demo', '--exit', '--json', '--pace', '120', ...args],
    {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  await once(child, 'close');
  return { code: child.exitCode, output, summary: summaryIn(output) };
};

/** The object that holds all the proofs. */
const summaryIn = (output: string): Summary | null => {
  for (const line of output.split('\n').reverse()) {
    if (!line.includes('"proofs"')) continue;
    return JSON.parse(line) as Summary;
  }
  return null;
};

const expectGood = ({ code, output, summary }: Awaited<ReturnType<typeof play>>): void => {
  if (code !== 0) throw new Error(`The demo ended with ${String(code)}:\n${output.slice(-4_000)}`);
  expect(summary).toMatchObject({ ok: true });
  expect(summary?.proofs.filter(({ ok }) => !ok)).toEqual([]);
  expect(summary?.proofs.length).toBeGreaterThan(10);
};

describe('The demo', () => {
  it('proves what it says with nothing but itself', async () => {
    expectGood(await play());
  }, 120_000);

  it('proves it on the SSH server that it brings along', async () => {
    expectGood(await play(['--ssh-server', 'builtin']));
  }, 120_000);

  const external = redisProgram() === null ? it.skip : it;
  const why = redisProgram() === null ? ' (this machine has no redis-server)' : '';
  external(
    `proves it on a PostgreSQL and a Redis of the user${why}`,
    async () => {
      const store = await startStore('external');
      try {
        const env = { DATABASE_URL: store.databaseUrl ?? '', REDIS_URL: store.redisUrl ?? '' };
        expectGood(await play([], env));
      } finally {
        await store.stop();
      }
    },
    120_000,
  );
});
