import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { KnownHosts } from '../../../../src/hosts/ssh/known-hosts/known-hosts.js';

const field = (data: string | Buffer): Buffer => {
  const content = Buffer.from(data as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
};

const blobOf = (byte: number): Buffer =>
  Buffer.concat([field('ssh-ed25519'), field(Buffer.alloc(32, byte))]);

const keyText = (byte: number): string => `ssh-ed25519 ${blobOf(byte).toString('base64')}`;

const hashed = (name: string): string => {
  const salt = Buffer.alloc(20, 7);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};

const found = (text: string, ...names: string[]): string[] =>
  KnownHosts.parse(text, 'known_hosts')
    .of(...names)
    .map(({ at, marker }) => (marker === null ? at : `${at} ${marker}`));

describe('known hosts', () => {
  it('are found by name, with the key and where it stands', () => {
    const hosts = KnownHosts.parse(`# mine\n\ndevbox ${keyText(1)} ada@home\n`, '/k');
    expect(hosts.of('devbox')).toMatchObject([
      { marker: null, at: '/k:3', key: { type: 'ssh-ed25519', blob: blobOf(1) } },
    ]);
    expect(hosts.of('devbox')[0]?.key.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(hosts.of('box')).toEqual([]);
  });

  it('are told apart by marker', () => {
    const text = [
      `@cert-authority *.example.org ${keyText(1)}`,
      `@revoked\tdevbox.example.org\t${keyText(2)}`,
      `devbox.example.org ${keyText(3)}`,
    ].join('\n');
    expect(found(text, 'devbox.example.org')).toEqual([
      'known_hosts:1 cert-authority',
      'known_hosts:2 revoked',
      'known_hosts:3',
    ]);
  });

  it('are recognised when their names are hashed, port included', () => {
    const text = `${hashed('devbox')} ${keyText(1)}\n${hashed('[devbox]:2222')} ${keyText(2)}`;
    expect(found(text, 'devbox')).toEqual(['known_hosts:1']);
    expect(found(text, '[devbox]:2222')).toEqual(['known_hosts:2']);
    expect(found(text, '[devbox]:22')).toEqual([]);
  });

  it('match patterns, of which a negated one outweighs the others', () => {
    const text = `!secret.example.org,*.example.org,10.0.?.1,[*]:2222 ${keyText(1)}`;
    for (const name of ['a.example.org', 'A.Example.ORG', '10.0.7.1', '[any]:2222']) {
      expect(found(text, name)).toEqual(['known_hosts:1']);
    }
    for (const name of ['secret.example.org', 'example.org', '10.0.17.1', 'any']) {
      expect(found(text, name)).toEqual([]);
    }
  });

  it('are read from files with the line ends of Windows', () => {
    expect(found(`devbox ${keyText(1)}\r\nbox ${keyText(2)}\r\n`, 'box')).toEqual([
      'known_hosts:2',
    ]);
  });

  it('are found by several names at once, each line once', () => {
    const text = `a,b ${keyText(1)}\nc ${keyText(2)}\nb ${keyText(3)}`;
    expect(found(text, 'a', 'b')).toEqual(['known_hosts:1', 'known_hosts:3']);
  });

  it('pass over what is no line of theirs, and count it', () => {
    const half = blobOf(1).subarray(0, 40).toString('base64');
    const bad = [
      'devbox',
      'devbox ssh-ed25519',
      `devbox ssh-rsa ${blobOf(1).toString('base64')}`,
      `devbox ssh-ed25519 ${half}`,
      'devbox ssh-ed25519 !!!!',
      `devbox ssh-from-the-future ${blobOf(1).toString('base64')}`,
      `@wrong devbox ${keyText(1)}`,
      `@revoked @cert-authority devbox ${keyText(1)}`,
      `|1|short|${'A'.repeat(27)}= ${keyText(1)}`,
      `|2|${'A'.repeat(27)}=|${'A'.repeat(27)}= ${keyText(1)}`,
    ];
    const hosts = KnownHosts.parse(['# x', ...bad, '', `devbox ${keyText(9)}`].join('\n'), 'k');
    expect(hosts.unreadable).toBe(bad.length);
    expect(hosts.size).toBe(1);
    expect(hosts.of('devbox').map(({ at }) => at)).toEqual([`k:${String(bad.length + 3)}`]);
  });

  it('are matched in bounded time, however many stars a pattern has', () => {
    const text = `${'*a'.repeat(5_000)}*b ${keyText(1)}`;
    const startedAt = performance.now();
    expect(found(text, 'a'.repeat(20_000))).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
