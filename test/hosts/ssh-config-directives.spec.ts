import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveSshConfig, type SshLogin } from '../../src/hosts/ssh/ssh-config/ssh-config.js';
import { targetFromSshConfig } from '../../src/hosts/ssh/ssh-config/ssh-config-target.js';
import { hostKeyName, type SshTarget } from '../../src/hosts/ssh/ssh-target.js';
import { NO_CLIENT } from '../support/ssh-config-corpus.js';
import { rejectionOf } from '../support/ssh-pool.js';

const hasSsh = spawnSync('ssh', ['-V']).error === undefined;
const READERS = [
  ...(hasSsh ? [{ reader: 'read by ssh', sshPath: 'ssh' }] : []),
  { reader: 'read without an ssh client', sshPath: NO_CLIENT },
];

const CONFIG = `
Host plain
  HostName 10.0.0.1
Host near
  HostName 10.0.0.2
  User ann
  Port 2202
  ProxyJump none
Host middle
  HostName 10.0.0.3
  ProxyJump near
Host last
  ProxyJump middle,bob@10.9.9.9:99,[::1]:23
Host far
  ProxyJump tunnelled
Host ringed
  ProxyJump ring
Host ring
  ProxyJump ringed
Host tunnelled
  HostName 10.0.0.4
  User carl
  ProxyCommand gate --user %r --to %h:%p --as %n --keep 100%%
Match host 10.0.0.5 user dora
  ProxyCommand special %h
Host strange
  ProxyCommand gate %C
Host lively
  ServerAliveInterval 5
  ServerAliveCountMax 7
  ConnectTimeout 4
  HostKeyAlias the-lively-one
  Compression yes
Host picky
  Ciphers aes256-ctr,aes128-gcm@openssh.com
  MACs umac-64@openssh.com,hmac-sha2-512
  KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256
  HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com,rsa-sha2-256
Host modern
  KexAlgorithms sntrup761x25519-sha512@openssh.com
Host agentless
  IdentityAgent none
Host otheragent
  IdentityAgent ~/other.sock
Host variable
  IdentityAgent $WORK_AGENT
`;

describe.each(READERS)(
  `What the ssh config says of the way to a host, $reader${hasSsh ? '' : ' (no ssh client on this machine)'}`,
  ({ sshPath }) => {
    let dir: string;

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'maestro-ssh-directives-'));
      await writeFile(join(dir, 'config'), CONFIG);
    });
    afterAll(async () => {
      await rm(dir, { recursive: true });
    });

    const target = async (host: string, login: SshLogin = {}): Promise<SshTarget> => {
      const options = {
        configPath: join(dir, 'config'),
        sshPath,
        environment: { WORK_AGENT: '/run/work-agent' },
      };
      const resolved = await resolveSshConfig(host, options, login);
      return targetFromSshConfig(resolved, { id: '1', name: host, agentSocket: '/run/agent' });
    };
    const wayTo = async (host: string): Promise<string[]> =>
      ((await target(host)).jumps ?? []).map(
        ({ name, username, host: address, port }) =>
          `${name}: ${username}@${address}:${String(port)}`,
      );

    it('leads directly to a host without ProxyJump', async () => {
      const { jumps, proxyCommand, algorithms, agentKeys, agentSocket, keepalive } =
        await target('plain');
      expect({ jumps, proxyCommand, algorithms, agentKeys }).toEqual({});
      expect(agentSocket).toBe('/run/agent');
      expect(keepalive).toEqual({ intervalMs: 15_000, countMax: 3 });
    });

    it('leads over each host of a ProxyJump, with the settings of that host', async () => {
      expect(await wayTo('middle')).toEqual(['middle via near: ann@10.0.0.2:2202']);
    });

    it('reaches the nearest host as its own config says, the others over the one before', async () => {
      const [near, middle, bob, v6] = await wayTo('last');
      expect(near).toBe('last via near: ann@10.0.0.2:2202');
      expect(middle).toMatch(/^last via middle: .*@10\.0\.0\.3:22$/);
      expect(bob).toBe('last via 10.9.9.9: bob@10.9.9.9:99');
      expect(v6).toMatch(/^last via ::1: .*@::1:23$/);
    });

    it('may begin with a ProxyCommand', async () => {
      const { jumps } = await target('far');
      expect(jumps?.[0]?.proxyCommand?.command).toContain('10.0.0.4');
    });

    it('must not lead in a circle', async () => {
      expect(await rejectionOf(target('ringed'))).toMatchObject({
        code: 'ssh/unsupported',
        message: expect.stringContaining('in a circle'),
      });
    });

    it('fills in the tokens of a ProxyCommand', async () => {
      const { proxyCommand } = await target('tunnelled', { port: 2204 });
      expect(proxyCommand?.command).toBe(
        'gate --user carl --to 10.0.0.4:2204 --as tunnelled --keep 100%',
      );
    });

    it('lets no shell read what it fills in, and fills in no token that it does not know', async () => {
      for (const [host, login, code] of [
        ['tunnelled', { user: 'a$(id)' }, 'ssh/auth-failed'],
        ['tunnelled', { user: 'a$HOME' }, 'ssh/unsupported'],
        ['strange', {}, 'ssh/unsupported'],
      ] as const) {
        expect(await rejectionOf(target(host, login))).toMatchObject({ code });
      }
    });

    it('is asked with the user and the port of the remote, as Match sees them', async () => {
      const { proxyCommand } = await target('10.0.0.5', { user: 'dora', port: 2205 });
      expect(proxyCommand?.command).toBe('special 10.0.0.5');
      expect((await target('10.0.0.5', { user: 'emil' })).proxyCommand).toBeUndefined();
    });

    it('sets timeouts, keepalive, compression and the name of the host key', async () => {
      const lively = await target('lively');
      expect(lively).toMatchObject({
        keepalive: { intervalMs: 5_000, countMax: 7 },
        connectTimeoutMs: 4_000,
        algorithms: { compress: ['zlib@openssh.com', 'none'] },
      });
      expect(hostKeyName(lively)).toBe('the-lively-one:22');
    });

    it('chooses among the algorithms that there are, in its order', async () => {
      expect((await target('picky')).algorithms).toEqual({
        cipher: ['aes256-ctr', 'aes128-gcm@openssh.com'],
        hmac: ['hmac-sha2-512'],
        kex: ['curve25519-sha256'],
        serverHostKey: ['rsa-sha2-256'],
      });
    });

    it('leaves algorithms that ssh2 does not have to ssh itself', async () => {
      expect(await target('modern')).toMatchObject({
        transport: { kind: 'openssh', reasons: [expect.stringContaining('KexAlgorithms')] },
      });
    });

    it.each([
      ['agentless', undefined],
      ['variable', '/run/work-agent'],
    ])('names the agent: %s', async (host, socket) => {
      expect((await target(host)).agentSocket).toBe(socket);
    });

    it('names the agent by a path under the home directory', async () => {
      expect((await target('otheragent')).agentSocket).toMatch(/^\/.*\/other\.sock$/);
    });
  },
);
