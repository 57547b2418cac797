import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ConnectionPool,
  type ConnectionPoolOptions,
} from '../../src/hosts/ssh/pool/connection-pool.js';
import { type PoolState } from '../../src/hosts/ssh/pool/pool-state.js';
import { resolveSshConfig } from '../../src/hosts/ssh/ssh-config/ssh-config.js';
import { targetFromSshConfig } from '../../src/hosts/ssh/ssh-config/ssh-config-target.js';
import { type HostKey, type SshTarget } from '../../src/hosts/ssh/ssh-target.js';
import { opensshAvailable } from '../support/openssh.js';
import { pinsOf } from '../support/ssh-chain.js';
import { certify, fingerprintOf, makeKeyPair, makeSecurityKeyHandle } from '../support/ssh-keys.js';
import { poolFor, rejectionOf, runLine, targetOf, until } from '../support/ssh-pool.js';
import { startSshd, type TestSshd } from '../support/sshd.js';

const isPossible = opensshAvailable();
const onOpenssh = isPossible ? describe : describe.skip;
const needs = isPossible ? '' : ' (skipped: no sshd, or no OpenSSH client of 8.7 or newer)';

onOpenssh(`What only the system's ssh can do${needs}`, () => {
  let dir: string;
  let jump: TestSshd;
  let sshd: TestSshd;
  let agent: ChildProcess;
  let pool: ConnectionPool;
  let target: SshTarget;
  const states: PoolState[] = [];

  const file = (name: string): string => join(dir, name);
  const host = (name: string, server: TestSshd, lines: readonly string[]): string =>
    [
      `Host ${name}`,
      `HostName ${server.host}`,
      `Port ${String(server.port)}`,
      `User ${server.user}`,
      ...lines,
    ].join('\n  ');
  const open = (
    server: TestSshd,
    makeTarget: () => Promise<SshTarget>,
    options: Partial<ConnectionPoolOptions> = {},
  ): ConnectionPool => {
    pool = poolFor(server, {
      target: async () => (target = await makeTarget()),
      onState: (state) => states.push(state),
      ...options,
    });
    return pool;
  };
  const openConfigured = (
    blocks: readonly string[],
    options: Partial<ConnectionPoolOptions> = {},
  ): ConnectionPool => {
    const configPath = file('config');
    writeFileSync(configPath, `${blocks.join('\n')}\n`);
    const configured = async (): Promise<SshTarget> =>
      targetFromSshConfig(
        await resolveSshConfig('inner', {
          configPath,
          environment: { PATH: process.env['PATH'] },
        }),
        { id: '1', name: 'inner', agentSocket: file('agent.sock') },
      );
    return open(sshd, configured, options);
  };
  const says = async (): Promise<string> =>
    (await runLine(await pool.open('start'), 'echo in')).output;
  const ownKey = (server: TestSshd): string => `IdentityFile ${server.clientKeyPath}`;
  const transport = (): unknown => states.at(-1)?.transport;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'maestro-openssh-'));
    for (const name of ['users', 'hosts', 'strangers']) makeKeyPair(file(name));
    makeKeyPair(file('certified'));
    certify(
      file('users'),
      file('certified.pub'),
      execFileSync('id', ['-un']).toString().trim(),
      'user',
    );
    const directives = [`TrustedUserCAKeys ${file('users.pub')}`, 'LogLevel DEBUG1'];
    [jump, sshd] = await Promise.all([startSshd({ directives }), startSshd({ directives })]);
    agent = spawn('ssh-agent', ['-D', '-a', file('agent.sock')], { stdio: 'ignore' });
    await until(() => existsSync(file('agent.sock')), 'the agent listens');
  });
  afterEach(async () => {
    await pool.close();
    states.length = 0;
  });
  afterAll(async () => {
    agent.kill();
    rmSync(dir, { recursive: true });
    await Promise.all([jump, sshd].map((server) => server.stop()));
  });

  it('logs in with a certificate beside a key', async () => {
    openConfigured([
      host('inner', sshd, [`IdentityFile ${file('certified')}`, 'IdentityAgent none']),
    ]);
    expect(await says()).toBe('in\n');
    expect(target.transport).toEqual({ kind: 'openssh', reasons: ['CertificateFile'] });
    expect(transport()).toBe('openssh');
    expect(sshd.log()).toContain('Accepted certificate ID "a test"');
  });

  it('logs in over a ProxyJump with certificates, and asks for the key of each host', async () => {
    const certificate = [`IdentityFile ${file('certified')}`, 'IdentityAgent none'];
    const { verifyHostKey, asked } = pinsOf([jump], sshd);
    openConfigured(
      [host('first', jump, certificate), host('inner', sshd, [...certificate, 'ProxyJump first'])],
      { verifyHostKey },
    );
    expect(await says()).toBe('in\n');
    expect(asked).toEqual([`${jump.host}:${String(jump.port)}`, null]);
    expect(transport()).toBe('openssh');
  });

  it('does not go on over a host on the way whose key is not accepted', async () => {
    const certificate = [`IdentityFile ${file('certified')}`, 'IdentityAgent none'];
    const refuseHop: ConnectionPoolOptions['verifyHostKey'] = async (_key, hop) =>
      hop === null ? 'accept' : { code: 'ssh/host-key-changed', detail: 'another one' };
    const log = jump.log().length;
    openConfigured(
      [host('first', jump, certificate), host('inner', sshd, [...certificate, 'ProxyJump first'])],
      { verifyHostKey: refuseHop },
    );
    expect(await rejectionOf(pool.open('start'))).toMatchObject({
      code: 'ssh/host-key-changed',
      message: expect.stringContaining(String(jump.port)),
    });
    expect(jump.log().slice(log)).not.toContain('Accepted');
  });

  it('connects from the address that BindAddress names', async () => {
    openConfigured([
      host('inner', sshd, [ownKey(sshd), 'IdentityAgent none', 'BindAddress 127.0.0.1']),
    ]);
    expect(await says()).toBe('in\n');
    expect(target.transport?.reasons).toEqual(['BindAddress']);
  });

  it('uses a key that an agent has for this host only', async () => {
    const knownHosts = file('known_hosts');
    const key = readFileSync(join(sshd.dir, 'host_key.pub'), 'utf8').trim();
    writeFileSync(knownHosts, `${sshd.host} ${key}\n`);
    execFileSync('ssh-add', ['-q', '-H', knownHosts, '-h', sshd.host, sshd.clientKeyPath], {
      env: { ...process.env, SSH_AUTH_SOCK: file('agent.sock') },
      stdio: 'ignore',
    });
    makeKeyPair(file('useless'));
    for (const identity of ['none', file('useless')]) {
      openConfigured([host('inner', sshd, [`IdentityFile ${identity}`])]);
      expect(await says()).toBe('in\n');
      expect(transport()).toBe('openssh');
      await pool.close();
    }
  });

  it('names a key that is in a security key which is not there', async () => {
    const handle = file('id_touch');
    makeSecurityKeyHandle(handle);
    appendFileSync(join(sshd.dir, 'authorized_keys'), readFileSync(`${handle}.pub`));
    openConfigured([host('inner', sshd, [`IdentityFile ${handle}`, 'IdentityAgent none'])]);
    expect(await rejectionOf(pool.open('start'))).toMatchObject({
      code: 'ssh/auth-failed',
      message: expect.stringContaining(handle),
      hint: expect.stringContaining('security key'),
    });
    expect(target.transport?.reasons).toEqual(['IdentityFile (security key)']);
  });

  it('names an encrypted key that it has no passphrase for', async () => {
    const locked = file('locked');
    makeKeyPair(locked, ['-N', 'open sesame']);
    appendFileSync(join(sshd.dir, 'authorized_keys'), readFileSync(`${locked}.pub`));
    openConfigured([
      host('inner', sshd, [
        `IdentityFile ${locked}`,
        'IdentityAgent none',
        'BindAddress 127.0.0.1',
      ]),
    ]);
    expect(await rejectionOf(pool.open('start'))).toMatchObject({
      code: 'ssh/key-passphrase-required',
      message: expect.stringContaining(locked),
    });
  });

  describe('with a host that has a certificate', () => {
    const certified = async (principal: string): Promise<TestSshd> => {
      const server = await startSshd({ directives: [`HostCertificate ${file('host-cert.pub')}`] });
      const publicKey = readFileSync(join(server.dir, 'host_key.pub'));
      writeFileSync(file('host.pub'), publicKey);
      certify(file('hosts'), file('host.pub'), principal, 'host');
      await server.restart();
      return server;
    };
    const connect = (
      server: TestSshd,
      seen: HostKey[],
      authority = fingerprintOf(file('hosts.pub')),
    ): ConnectionPool =>
      open(
        server,
        async () => {
          const blob = Buffer.alloc(0);
          const authorities = [{ type: 'ssh-ed25519', fingerprint: 'SHA256:' as const, blob }];
          return targetOf(server, { ownsKeys: true, authorities });
        },
        {
          verifyHostKey: async (key) => {
            seen.push(key);
            return key.authority?.fingerprint === authority
              ? 'accept'
              : { code: 'ssh/host-key-unknown' };
          },
        },
      );

    it('trusts the word of an authority for this host, which only certifies its key', async () => {
      const server = await certified('127.0.0.1');
      const seen: HostKey[] = [];
      connect(server, seen);
      expect(await says()).toBe('in\n');
      expect(transport()).toBe('openssh');
      expect(seen).toEqual([
        expect.objectContaining({
          type: 'ssh-ed25519',
          fingerprint: server.hostKeyFingerprint,
          authority: expect.objectContaining({ fingerprint: fingerprintOf(file('hosts.pub')) }),
        }),
      ]);
      await pool.close();
      await server.stop();
    });

    it('does not take a certificate for another host', async () => {
      const server = await certified('elsewhere.example');
      const seen: HostKey[] = [];
      connect(server, seen);
      expect(await rejectionOf(pool.open('start'))).toMatchObject({
        code: 'ssh/host-key-unknown',
        message: expect.stringContaining('not a listed principal'),
      });
      expect(seen.every(({ authority }) => authority !== undefined)).toBe(true);
      expect(server.log()).not.toContain('Accepted');
      await pool.close();
      await server.stop();
    });

    it('does not take a certificate of an authority that nobody knows', async () => {
      const server = await certified('127.0.0.1');
      connect(server, [], fingerprintOf(file('strangers.pub')));
      expect(await rejectionOf(pool.open('start'))).toMatchObject({ code: 'ssh/host-key-unknown' });
      await pool.close();
      await server.stop();
    });
  });

  it('talks to a server that only knows a key exchange of after ssh2, and remembers it', async () => {
    const modern = await startSshd({
      directives: ['KexAlgorithms sntrup761x25519-sha512@openssh.com', 'LogLevel DEBUG1'],
    });
    open(modern, async () => targetOf(modern, { ownsKeys: true }));
    expect(await says()).toBe('in\n');
    expect(transport()).toBe('openssh');
    const refused = (): number => modern.log().split('no matching key exchange').length - 1;
    expect(refused()).toBe(1);
    modern.cutConnections();
    await until(() => pool.size === 0, 'the link is lost');
    expect(await says()).toBe('in\n');
    expect(refused()).toBe(1);
    await pool.close();
    await modern.stop();
  });

  it('is never a second try for a login or a host key that was refused', async () => {
    const connections = (): number => sshd.log().split('Connection from').length - 1;
    makeKeyPair(file('stranger'));
    const privateKeys = [{ source: file('stranger'), content: readFileSync(file('stranger')) }];
    const before = connections();
    open(sshd, async () => targetOf(sshd, { privateKeys, ownsKeys: true }));
    expect(await rejectionOf(pool.open('start'))).toMatchObject({ code: 'ssh/auth-failed' });
    expect(connections()).toBe(before + 1);
    await pool.close();
    open(sshd, async () => targetOf(sshd, { ownsKeys: true }), {
      verifyHostKey: async () => ({ code: 'ssh/host-key-changed' }),
    });
    expect(await rejectionOf(pool.open('start'))).toMatchObject({ code: 'ssh/host-key-changed' });
    expect(connections()).toBe(before + 2);
  });

  it('is refused by name when there is no client that could do it', async () => {
    const old = file('old-ssh');
    writeFileSync(old, '#!/bin/sh\necho OpenSSH_8.4p1 >&2\n', { mode: 0o755 });
    for (const sshPath of [file('missing-ssh'), old]) {
      open(sshd, async () =>
        targetOf(sshd, {
          openssh: { sshPath },
          transport: { kind: 'openssh', reasons: ['PKCS11Provider'] },
        }),
      );
      expect(await rejectionOf(pool.open('start'))).toMatchObject({
        code: 'ssh/unsupported',
        message: expect.stringContaining('PKCS11Provider'),
        hint: expect.stringContaining('OpenSSH 8.7'),
      });
      await pool.close();
    }
  });
});
