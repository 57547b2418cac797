import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import {
  AccessModule,
  AdminToken,
  Sealer,
  Unsealable,
} from '../../../../src/platform/access/index.js';
import { ConfigModule, parseConfig } from '../../../../src/platform/config/index.js';

const HEX = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';
const BASE64 = Buffer.from(HEX, 'hex').toString('base64');

describe('Sealer', () => {
  it.each([HEX, BASE64, 'a passphrase of the owner'])(
    'opens what it sealed, with the key %s',
    (key) => {
      const sealed = new Sealer(key).seal('hunter2', 'remotes/env');
      expect(sealed).toMatch(/^v1:[\w-]+$/);
      expect(sealed).not.toContain('hunter2');
      expect(new Sealer(key).open(sealed, 'remotes/env').toString()).toBe('hunter2');
    },
  );

  it('takes the same key in hex and in base64', () => {
    expect(new Sealer(BASE64).open(new Sealer(HEX).seal('x', 'p'), 'p').toString()).toBe('x');
  });

  it('keeps bytes as they are', () => {
    const bytes = Buffer.from([0, 255, 128, 10]);
    const sealer = new Sealer(HEX);
    expect(sealer.open(sealer.seal(bytes, 'p'), 'p')).toEqual(bytes);
    expect(sealer.open(sealer.seal('', 'p'), 'p')).toEqual(Buffer.alloc(0));
  });

  it('seals the same secret differently each time', () => {
    const sealer = new Sealer(HEX);
    expect(sealer.seal('x', 'p')).not.toBe(sealer.seal('x', 'p'));
  });

  it('opens nothing for another purpose or with another key', () => {
    const sealed = new Sealer(HEX).seal('x', 'remotes/env');
    expect(() => new Sealer(HEX).open(sealed, 'remotes/key')).toThrow(Unsealable);
    expect(() => new Sealer('another key of the owner').open(sealed, 'remotes/env')).toThrow(
      Unsealable,
    );
  });

  it('opens nothing that was changed or never sealed', () => {
    const sealer = new Sealer(HEX);
    const bytes = Buffer.from(sealer.seal('secret', 'p').slice(3), 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => sealer.open(`v1:${changed.toString('base64url')}`, 'p')).toThrow(Unsealable);
    }
    for (const other of ['', 'v1:', 'v1:AAAA', `v2:${bytes.toString('base64url')}`]) {
      expect(() => sealer.open(other, 'p')).toThrow(Unsealable);
    }
  });
});

const inDataDir = async (dataDir: string): Promise<{ token: AdminToken; sealer: Sealer }> => {
  const config = parseConfig({ MAESTRO_DATA_DIR: dataDir });
  const module = await Test.createTestingModule({
    imports: [ConfigModule.forRoot(config), AccessModule],
  }).compile();
  return { token: module.get(AdminToken), sealer: module.get(Sealer) };
};

describe('the secrets of a data directory', () => {
  it('are made at the first start, for the owner’s eyes only, and kept', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'maestro-secrets-'));
    try {
      const first = await inDataDir(dataDir);
      expect(first.token.isNew).toBe(true);
      expect(first.token.value).toMatch(/^mst_[\w-]{43}$/);
      const again = await inDataDir(dataDir);
      expect(again.token.isNew).toBe(false);
      expect(again.token.matches(first.token.value)).toBe(true);
      expect(again.sealer.open(first.sealer.seal('x', 'p'), 'p').toString()).toBe('x');
      for (const name of ['admin-token', 'secret-key']) {
        expect((await stat(join(dataDir, name))).mode & 0o777).toBe(0o600);
      }
      expect((await readFile(join(dataDir, 'admin-token'), 'utf8')).trim()).toBe(first.token.value);
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });
});
