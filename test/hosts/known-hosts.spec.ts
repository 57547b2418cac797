import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KnownHosts } from '../../src/hosts/ssh/known-hosts/known-hosts.js';

const hasSshKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined;

/** What `ssh-keygen -F` finds: the numbers of the lines, with their markers. */
const foundBySshKeygen = (file: string, name: string): Promise<string[]> =>
  new Promise((resolve, reject) => {
    execFile('ssh-keygen', ['-F', name, '-f', file], (error, stdout) => {
      // 1 is "not found".
      if (error !== null && error.code !== 1) {
        reject(new Error('ssh-keygen failed', { cause: error }));
        return;
      }
      const hits = stdout.matchAll(/^# Host .* found: line (\d+) ?(CA|REVOKED)?/gm);
      resolve([...hits].map(([, line = '', marker = '']) => `${line} ${marker}`.trim()));
    });
  });

const MARKERS = { 'cert-authority': ' CA', revoked: ' REVOKED' };

const foundByUs = (file: string, name: string): string[] =>
  KnownHosts.parse(readFileSync(file, 'utf8'), '')
    .of(name)
    .map(({ at, marker }) => at.slice(1) + (marker === null ? '' : MARKERS[marker]));

const NAMES = [
  'devbox',
  'DevBox',
  'devbox.example.org',
  'secret.example.org',
  'a.b.example.org',
  'example.org',
  '[devbox]:2222',
  '[devbox]:22',
  '[devbox.example.org]:2222',
  '10.0.0.7',
  '[10.0.0.7]:2222',
  '::1',
  '[::1]:2222',
  'fe80::1',
  'nobody',
];

/** The same numbers on each machine. */
const numbers = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

const wild = (next: (below: number) => number): string =>
  Array.from({ length: 1 + next(3) }, () => {
    const text = Array.from({ length: 1 + next(4) }, () => 'aab*?B'[next(6)]).join('');
    return next(5) === 0 ? `!${text}` : text;
  }).join(',');

(hasSshKeygen ? describe : describe.skip)(
  'known hosts, beside ssh-keygen of OpenSSH (needs openssh-client)',
  () => {
    let dir: string;
    const keys: Record<string, string> = {};

    beforeAll(() => {
      dir = mkdtempSync(join(tmpdir(), 'maestro-known-hosts-'));
      for (const type of ['ed25519', 'ecdsa', 'rsa']) {
        spawnSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', join(dir, type)]);
        const [algorithm, base64] = readFileSync(join(dir, `${type}.pub`), 'utf8').split(' ');
        keys[type] = `${algorithm ?? ''} ${base64 ?? ''}`;
      }
    });

    afterAll(() => {
      rmSync(dir, { recursive: true, force: true });
    });

    const fileOf = (name: string, lines: readonly string[], end = '\n'): string => {
      const file = join(dir, name);
      writeFileSync(file, lines.map((line) => line + end).join(''));
      return file;
    };

    const expectTheSame = async (file: string, names: readonly string[]): Promise<number> => {
      let hits = 0;
      for (const name of names) {
        const found = await foundBySshKeygen(file, name);
        expect({ name, found: foundByUs(file, name) }).toEqual({ name, found });
        hits += found.length;
      }
      return hits;
    };

    /** Not good for a line, but ssh-keygen looks no further than at the names. */
    const broken = ['devbox', 'devbox ssh-ed25519', '@unknown devbox ssh-ed25519 AAAA', '@'];

    const corpus = (): string[] => {
      const { ed25519 = '', ecdsa = '', rsa = '' } = keys;
      return [
        '# a comment',
        '',
        '   # an indented comment',
        `devbox ${ed25519}`,
        `devbox ${rsa} a comment of several words`,
        `DEVBOX,10.0.0.7 ${ecdsa}`,
        `  devbox.example.org\t${ed25519}`,
        `[devbox]:2222 ${rsa}`,
        `[devbox.example.org]:2222,[10.0.0.7]:2222 ${ecdsa}`,
        `::1,[::1]:2222 ${ed25519}`,
        `fe80::* ${ed25519}`,
        `*.example.org,!secret.example.org ${rsa}`,
        `@cert-authority *.example.org ${ed25519}`,
        `@revoked * ${ecdsa}`,
        `[*]:2222 ${ed25519}`,
        `?evbox ${rsa}`,
        `,devbox, ${ed25519}`,
        `!devbox ${ed25519}`,
      ];
    };

    it('are the same lines for names, ports, addresses, patterns and markers', async () => {
      expect(await expectTheSame(fileOf('plain', [...broken, ...corpus()]), NAMES)).toBeGreaterThan(
        40,
      );
    });

    it('are the same lines where lines end as on Windows', async () => {
      expect(
        await expectTheSame(fileOf('crlf', [...broken, ...corpus()], '\r\n'), NAMES),
      ).toBeGreaterThan(40);
    });

    it('are the same lines after ssh-keygen -H has hashed the names', async () => {
      const file = fileOf('hashed', corpus());
      const { status } = spawnSync('ssh-keygen', ['-H', '-f', file]);
      expect(status).toBe(0);
      expect(readFileSync(file, 'utf8').match(/^\|1\|/gm)?.length).toBeGreaterThan(5);
      expect(await expectTheSame(file, NAMES)).toBeGreaterThan(30);
    });

    it('are the same lines for any mixture of stars, question marks, letters and negations', async () => {
      const next = numbers(20_261_122);
      const file = fileOf(
        'wild',
        Array.from({ length: 400 }, () => `${wild(next)} ${keys.ed25519 ?? ''}`),
      );
      const names = Array.from({ length: 40 }, () =>
        Array.from({ length: 1 + next(5) }, () => 'aabB'[next(4)]).join(''),
      );
      expect(await expectTheSame(file, names)).toBeGreaterThan(100);
    });
  },
);
