import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/index.js';
import { Api } from '../support/api.js';
import { BuiltServer, failToServe } from '../support/built-server.js';

describe('The start of a server', () => {
  let server: BuiltServer;
  let firstMs: number;
  beforeAll(async () => {
    const begin = performance.now();
    server = await BuiltServer.start({ settings: { MAESTRO_ADMIN_TOKEN: undefined } });
    firstMs = performance.now() - begin;
  }, 120_000);
  afterAll(() => server.stop());

  const tokenFile = (): string => join(server.dataDir, 'admin-token');
  const tokens = (): string[] => server.stdout.match(/mst_[\w-]+/g) ?? [];

  it('makes a token at first, prints it once and keeps it for its owner', async () => {
    const token = (await readFile(tokenFile(), 'utf8')).trim();
    expect(tokens()).toEqual([token]);
    expect(server.stderr).not.toContain(token);
    expect((await stat(tokenFile())).mode & 0o777).toBe(0o600);
    expect((await stat(join(server.dataDir, 'secret-key'))).mode & 0o777).toBe(0o600);
    expect((await stat(server.dataDir)).mode & 0o777).toBe(0o700);
    const api = new Api(server.url, token);
    expect((await api.call('GET', '/sessions')).status).toBe(200);
  });

  it('refuses a second server on its data directory, in a line that names the first', async () => {
    const second = await failToServe(['--port', '0', '--data-dir', server.dataDir]);
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(people(second.stderr)).toEqual([
      expect.stringContaining(`in use by another maestro server (pid ${server.pid})`),
      expect.stringContaining('--data-dir'),
    ]);
  });

  it('refuses a port that is taken, in a line that names it', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'maestro-port-'));
    const second = await failToServe(['--port', server.port, '--data-dir', dir]);
    await rm(dir, { recursive: true, force: true });
    expect(second).toMatchObject({ code: 1, stdout: '' });
    const [line] = people(second.stderr);
    expect(line).toContain(`127.0.0.1:${server.port} is in use`);
    expect(second.stderr).not.toContain('    at ');
  });

  it('keeps its token and does not print it again', async () => {
    const before = tokens();
    await server.terminate();
    const againMs = await server.start();
    expect(tokens()).toEqual(before);
    await server.terminate();
    const databaseMs = await databaseStartMs(server.dataDir);
    const ownMs = againMs - databaseMs;
    console.log(
      `first start ${Math.round(firstMs)} ms, second ${Math.round(againMs)} ms, of which the database ${Math.round(databaseMs)} ms and the server ${Math.round(ownMs)} ms`,
    );
    await server.start();
    const api = new Api(server.url, before[0] ?? '');
    expect((await api.call('GET', '/sessions')).status).toBe(200);
  });
});

describe('A configuration that is not valid', () => {
  it('is refused with every fault, and no value of a secret', async () => {
    const secret = 'too short';
    const refused = await failToServe(['--port', '99999', '--data-dir', tmpdir()], {
      MAESTRO_ROLE: 'worker',
      MAESTRO_LOG_LEVEL: 'loud',
      MAESTRO_SWEEP_MS: '1',
      MAESTRO_ADMIN_TOKEN: secret,
      REDIS_URL: 'http://user:hidden@localhost',
    });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    for (const name of [
      '--port',
      'DATABASE_URL',
      'MAESTRO_LOG_LEVEL',
      'MAESTRO_SWEEP_MS',
      'MAESTRO_ADMIN_TOKEN',
      'REDIS_URL',
    ]) {
      expect(refused.stderr).toContain(`  ${name} `);
    }
    expect(refused.stderr).not.toContain(secret);
    expect(refused.stderr).not.toContain('hidden');
    expect(refused.stderr).not.toContain('    at ');
  });
});

/** What is said to people, beside the log. */
const people = (stderr: string): string[] =>
  stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));

const databaseStartMs = async (dir: string): Promise<number> => {
  const begin = performance.now();
  const postgres = await startEmbeddedPostgres({ dir, log: () => undefined });
  const elapsedMs = performance.now() - begin;
  await postgres.stop();
  return elapsedMs;
};
