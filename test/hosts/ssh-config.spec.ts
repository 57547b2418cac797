import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { resolveSshConfig } from '../../src/hosts/ssh/ssh-config/ssh-config.js';
import { targetFromSshConfig } from '../../src/hosts/ssh/ssh-config/ssh-config-target.js';
import { NO_CLIENT } from '../support/ssh-config-corpus.js';
import { listSshConfigHosts } from '../../src/hosts/ssh/ssh-config/ssh-config-hosts.js';

const hasSsh = spawnSync('ssh', ['-V']).error === undefined;
const READERS = [
  ...(hasSsh ? [{ reader: 'read by ssh', sshPath: 'ssh' }] : []),
  { reader: 'read without an ssh client', sshPath: NO_CLIENT },
];

describe.each(READERS)(
  `The ssh config of the server user, $reader${hasSsh ? '' : ' (no ssh client on this machine)'}`,
  ({ sshPath }) => {
    let dir: string;
    let configPath: string;

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'maestro-ssh-config-'));
      configPath = join(dir, 'config');
      await mkdir(join(dir, 'config.d'));
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'id_work')]);
      await writeFile(
        configPath,
        [
          `Include ${dir}/config.d/*.conf`,
          'Host devbox dev.example.org',
          '  HostName 10.0.0.7',
          '  Port 2222',
          '  User alice',
          `  IdentityFile ${dir}/id_%r_%h`,
          '  IdentityFile ~/.ssh/%n',
          '  IdentityFile ${KEYS}/third',
          'Host=inner',
          '  ProxyJump bastion',
          'Host tunnelled',
          '  ProxyCommand nc %h %p',
          'Host work',
          '  HostName 127.0.0.1',
          `  IdentityFile ${dir}/id_work`,
          '  IdentityAgent none',
          'Host nokey',
          `  IdentityFile ${dir}/absent`,
          '  IdentityAgent none',
          'Host certified',
          `  CertificateFile ${dir}/id_work-cert.pub`,
          'Host bound',
          '  BindAddress 127.0.0.2',
          'Host *.wild !devbox ?',
          '  User nobody',
          '',
        ].join('\n'),
      );
      await writeFile(
        join(dir, 'config.d', 'extra.conf'),
        'Host "included"\n  HostName included.example.org\n',
      );
      await writeFile(join(dir, 'config.d', 'ignored.txt'), 'Host ignored\n');
    });
    afterAll(async () => {
      await rm(dir, { recursive: true });
    });

    it('is read as ssh reads it, with every path expanded', async () => {
      const resolved = await resolveSshConfig('devbox', {
        configPath,
        sshPath,
        environment: { KEYS: '/keys' },
      });
      expect(resolved).toMatchObject({
        alias: 'devbox',
        hostName: '10.0.0.7',
        port: 2222,
        user: 'alice',
        proxyJump: null,
      });
      expect(resolved.identityFiles).toEqual([
        `${dir}/id_alice_10.0.0.7`,
        join(userInfo().homedir, '.ssh/devbox'),
        '/keys/third',
      ]);
    });

    it('offers its hosts with included ones and without patterns', async () => {
      const { path, hosts, error } = await listSshConfigHosts({ configPath, sshPath });
      expect(path).toBe(configPath);
      expect(error).toBeUndefined();
      expect(hosts.map(({ host }) => host)).toEqual([
        'included',
        'devbox',
        'dev.example.org',
        'inner',
        'tunnelled',
        'work',
        'nokey',
        'certified',
        'bound',
      ]);
      expect(hosts[1]).toMatchObject({
        hostName: '10.0.0.7',
        port: 2222,
        user: 'alice',
        summary: 'alice@10.0.0.7:2222',
      });
      expect(hosts[3]).toMatchObject({
        proxyJump: 'bastion',
        summary: expect.stringMatching(/ via bastion$/),
      });
    });

    it('makes a target with the keys that exist', async () => {
      const target = await targetFromSshConfig(
        await resolveSshConfig('work', { configPath, sshPath }),
        {
          id: '1',
          name: 'Work',
          agentSocket: '/agent',
        },
      );
      expect(target).toMatchObject({ id: '1', name: 'Work', host: '127.0.0.1', port: 22 });
      expect(target.privateKeys.map(({ source }) => source)).toEqual([`${dir}/id_work`]);
      expect(target.agentSocket).toBeUndefined();
    });

    it('says which key file is missing when it was the only way in', async () => {
      const resolved = await resolveSshConfig('nokey', { configPath, sshPath });
      await expect(
        targetFromSshConfig(resolved, { id: '1', name: 'No key' }),
      ).rejects.toMatchObject({
        code: 'ssh/key-not-found',
        message: expect.stringContaining(`${dir}/absent`),
      });
    });

    it.each([
      ['certified', 'CertificateFile'],
      ['bound', 'BindAddress'],
    ])('does not pass over what only ssh itself can honour: %s', async (host, directive) => {
      const resolved = await resolveSshConfig(host, { configPath, sshPath });
      expect(await targetFromSshConfig(resolved, { id: '1', name: host })).toMatchObject({
        transport: { kind: 'openssh', reasons: [expect.stringContaining(directive)] },
      });
    });

    it('reports its own mistakes with file and line', async () => {
      const broken = join(dir, 'broken');
      await writeFile(broken, 'Host a\n  Port nope\n');
      await expect(resolveSshConfig('a', { configPath: broken, sshPath })).rejects.toMatchObject({
        code: 'ssh/unsupported',
        message: expect.stringContaining('line 2'),
      });
      expect(await listSshConfigHosts({ configPath: broken, sshPath })).toMatchObject({
        hosts: [],
        error: { code: 'ssh/unsupported' },
      });
    });

    it('may be absent', async () => {
      expect(await listSshConfigHosts({ configPath: join(dir, 'nothing'), sshPath })).toEqual({
        path: join(dir, 'nothing'),
        hosts: [],
      });
    });
  },
);
