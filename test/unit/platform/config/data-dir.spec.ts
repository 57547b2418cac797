import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  prepareDataDir,
  readOrCreateSecret,
  recordStore,
  storeOf,
} from '../../../../src/platform/config/index.js';

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'maestro-data-dir-'));
});
afterAll(async () => {
  await rm(home, { recursive: true });
});

const aDirectory = (): Promise<string> => mkdtemp(join(home, 'data-'));
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('the data directory', () => {
  it('is made with its parents, for its owner alone', async () => {
    const dir = join(await aDirectory(), 'a', 'b');
    await prepareDataDir(dir);
    expect(await modeOf(dir)).toBe(0o700);
  });

  it('is closed when it is empty, and left as it is when others use it', async () => {
    const dir = await aDirectory();
    await chmod(dir, 0o755);
    await prepareDataDir(dir);
    expect(await modeOf(dir)).toBe(0o700);
    await chmod(dir, 0o755);
    await writeFile(join(dir, 'theirs'), '');
    await prepareDataDir(dir);
    expect(await modeOf(dir)).toBe(0o755);
  });
});

describe('a data directory that can not be used', () => {
  it('is reported with the reason and the way out', async () => {
    const file = join(await aDirectory(), 'file');
    await writeFile(file, '');
    await expect(prepareDataDir(join(file, 'data'))).rejects.toMatchObject({
      code: 'server/data-dir-unusable',
      message: expect.stringContaining('ENOTDIR'),
      hint: expect.stringContaining('--data-dir'),
    });
  });
});

describe('a kept secret', () => {
  it('is made once and read by its owner alone', async () => {
    const dir = await aDirectory();
    await expect(readOrCreateSecret(dir, 'admin-token', () => 'first')).resolves.toEqual({
      value: 'first',
      created: true,
    });
    await expect(readOrCreateSecret(dir, 'admin-token', () => 'second')).resolves.toEqual({
      value: 'first',
      created: false,
    });
    expect(await modeOf(join(dir, 'admin-token'))).toBe(0o600);
    expect(await readdir(dir)).toEqual(['admin-token']);
  });

  it('is the same for all who ask at once', async () => {
    const dir = await aDirectory();
    const kept = await Promise.all(
      Array.from({ length: 20 }, (_, n) => readOrCreateSecret(dir, 'secret-key', () => `key ${n}`)),
    );
    expect(new Set(kept.map(({ value }) => value)).size).toBe(1);
    expect(kept.filter(({ created }) => created)).toHaveLength(1);
  });

  it('is closed again when a copy has opened it', async () => {
    const dir = await aDirectory();
    await writeFile(join(dir, 'admin-token'), 'restored\n');
    await chmod(join(dir, 'admin-token'), 0o644);
    await expect(readOrCreateSecret(dir, 'admin-token', () => 'new')).resolves.toMatchObject({
      value: 'restored',
    });
    expect(await modeOf(join(dir, 'admin-token'))).toBe(0o600);
  });
});

describe('the recorded store', () => {
  const embedded = storeOf({ databaseUrl: null, redisUrl: null });
  const external = storeOf({ databaseUrl: 'postgres://db', redisUrl: 'redis://cache' });

  it('lets the same store pass and refuses another one with both names', async () => {
    const dir = await aDirectory();
    await recordStore(dir, embedded);
    await recordStore(dir, embedded);
    await expect(recordStore(dir, external)).rejects.toMatchObject({
      code: 'server/store-changed',
      message: expect.stringMatching(
        /with the embedded database and the queue in PostgreSQL;.*external.*Redis/,
      ),
      hint: expect.stringContaining('MAESTRO_ALLOW_STORE_CHANGE=true'),
    });
  });

  it('changes when that is allowed, and holds to the new one', async () => {
    const dir = await aDirectory();
    await recordStore(dir, embedded);
    await recordStore(dir, external, true);
    expect(JSON.parse(await readFile(join(dir, 'store.json'), 'utf8'))).toEqual({
      database: 'external',
      queue: 'redis',
    });
    await expect(recordStore(dir, embedded)).rejects.toMatchObject({
      code: 'server/store-changed',
    });
  });
});
