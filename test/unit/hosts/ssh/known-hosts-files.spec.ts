import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  defaultKnownHostsFiles,
  knownHostName,
  knownHostsFilesFrom,
  nameWithoutPort,
  readKnownHosts,
} from '../../../../src/hosts/ssh/known-hosts/known-hosts-files.js';
import { type SshTarget } from '../../../../src/hosts/ssh/ssh-target.js';

const KEY = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from('ssh-ed25519'),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 7),
]).toString('base64')}`;

const target = (changes: Partial<SshTarget>): SshTarget => ({
  ...{ id: 'x', name: 'devbox', host: 'devbox', port: 22, username: 'ada', privateKeys: [] },
  ...changes,
});

describe('the known_hosts files of a host', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'maestro-known-hosts-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('have it under its name, with the port unless it is the usual one', () => {
    expect(knownHostName(target({ host: 'DevBox' }))).toBe('devbox');
    expect(knownHostName(target({ port: 2222 }))).toBe('[devbox]:2222');
    expect(knownHostName(target({ host: '::1' }))).toBe('::1');
    expect(knownHostName(target({ host: '::1', port: 2222 }))).toBe('[::1]:2222');
    expect(nameWithoutPort(target({ host: 'DevBox', port: 2222 }))).toBe('devbox');
    expect(nameWithoutPort(target({}))).toBeNull();
    const alias = target({ hostKeyAlias: 'Farm', port: 2222 });
    expect([knownHostName(alias), nameWithoutPort(alias)]).toEqual(['Farm', null]);
  });

  it('are those that the ssh config names, spaces and the home directory included', () => {
    const { homedir } = userInfo();
    const directives = new Map([
      ['userknownhostsfile', ['/a/known hosts ~/.ssh/known /b/c']],
      ['globalknownhostsfile', ['none']],
    ]);
    expect(knownHostsFilesFrom(directives)).toEqual([
      '/a/known hosts',
      join(homedir, '.ssh/known'),
      '/b/c',
    ]);
  });

  it('are otherwise those of the account and of the machine', () => {
    expect(defaultKnownHostsFiles()).toEqual(
      expect.arrayContaining([
        join(userInfo().homedir, '.ssh/known_hosts'),
        '/etc/ssh/ssh_known_hosts',
      ]),
    );
  });

  it('count together; one that is not there, or no file, says nothing', async () => {
    await writeFile(join(dir, 'one'), `devbox ${KEY}\n`);
    await writeFile(join(dir, 'two'), `other ${KEY}\nnonsense\ndevbox ${KEY}\n`);
    const files = ['missing', 'one', '.', 'two'].map((name) => join(dir, name));
    const known = await readKnownHosts(target({ knownHostsFiles: [...files, '/dev/null'] }));
    expect(known.of('devbox').map(({ at }) => at)).toEqual([
      join(dir, 'one:1'),
      join(dir, 'two:3'),
    ]);
    expect(known.unreadable).toBe(1);
  });

  it('are refused when they are far too large, rather than read in part', async () => {
    const path = join(dir, 'large');
    await writeFile(path, `@revoked * ${KEY}\n`);
    await truncate(path, 16 * 1024 * 1024 + 1);
    await expect(readKnownHosts(target({ knownHostsFiles: [path] }))).rejects.toMatchObject({
      code: 'ssh/unsupported',
      message: expect.stringContaining(`${path} is larger than 16 MiB`),
    });
  });
});
