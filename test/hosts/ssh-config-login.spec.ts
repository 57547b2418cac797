import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionPool } from '../../src/hosts/ssh/pool/connection-pool.js';
import { resolveSshConfig } from '../../src/hosts/ssh/ssh-config/ssh-config.js';
import { targetFromSshConfig } from '../../src/hosts/ssh/ssh-config/ssh-config-target.js';
import { pinsOf } from '../support/ssh-chain.js';
import { poolFor, rejectionOf, runLine, until } from '../support/ssh-pool.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';

const isPossible =
  sshdAvailable() &&
  ['ssh', 'ssh-agent'].every((program) => spawnSync(program, ['-V']).error === undefined);
const onSshd = isPossible ? describe : describe.skip;
const needs = isPossible ? '' : ' (skipped: no sshd, ssh or ssh-agent on this machine)';

onSshd(`A remote of the ssh config${needs}`, () => {
  let jump1: TestSshd;
  let jump2: TestSshd;
  let inner: TestSshd;
  let agent: ChildProcess;
  let dir: string;
  let pool: ConnectionPool;

  const agentSocket = (): string => join(dir, 'agent.sock');
  const config = (lines: readonly string[]): string => {
    const path = join(dir, 'config');
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  };
  const host = (name: string, sshd: TestSshd, lines: readonly string[] = []): string =>
    [
      `Host ${name}`,
      `HostName ${sshd.host}`,
      `Port ${String(sshd.port)}`,
      `User ${sshd.user}`,
      ...lines,
    ].join('\n  ');
  const keyOf = (sshd: TestSshd): string => `IdentityFile ${sshd.clientKeyPath}`;
  const poolOf = (lines: readonly string[], path = process.env['PATH']): ConnectionPool => {
    const configPath = config(lines);
    pool = poolFor(inner, {
      target: async () =>
        targetFromSshConfig(
          await resolveSshConfig('inner', {
            configPath,
            environment: { PATH: path, KEYS: dir },
          }),
          { id: '1', name: 'inner', agentSocket: agentSocket() },
        ),
      verifyHostKey: pinsOf([jump1, jump2], inner).verifyHostKey,
    });
    return pool;
  };
  const addToAgent = (path: string): void => {
    const env = { ...process.env, SSH_AUTH_SOCK: agentSocket() };
    execFileSync('ssh-add', ['-q', path], { env, stdio: 'ignore' });
  };

  beforeAll(async () => {
    [jump1, jump2, inner] = await Promise.all([
      startSshd(),
      startSshd(),
      startSshd({ directives: ['MaxAuthTries 3', 'LogLevel DEBUG1'] }),
    ]);
    dir = mkdtempSync(join(tmpdir(), 'maestro-login-'));
    agent = spawn('ssh-agent', ['-D', '-a', agentSocket()], { stdio: 'ignore' });
    await until(() => existsSync(agentSocket()), 'the agent listens');
  });
  afterEach(async () => {
    await pool.close();
  });
  afterAll(async () => {
    agent.kill();
    rmSync(dir, { recursive: true });
    await Promise.all([jump1, jump2, inner].map((sshd) => sshd.stop()));
  });

  it('is reached over the hosts of its ProxyJump, each with its own key', async () => {
    poolOf([
      host('first', jump1, [keyOf(jump1), 'IdentityAgent none']),
      host('second', jump2, [keyOf(jump2), 'IdentityAgent none']),
      host('inner', inner, [keyOf(inner), 'IdentityAgent none', 'ProxyJump first,second']),
    ]);
    expect((await runLine(await pool.open('start'), 'echo "$HOME"')).output).toBe(
      `${inner.home}\n`,
    );
  });

  it('is reached just so when no ssh client is to be seen', async () => {
    copyFileSync(jump1.clientKeyPath, join(dir, 'id_first'));
    writeFileSync(
      join(dir, 'first.conf'),
      `${host('first', jump1)}\n  IdentityFile \${KEYS}/id_%n\n`,
      { mode: 0o644 },
    );
    poolOf(
      [
        `Include ${dir}/first.*`,
        host('second', jump2, [keyOf(jump2), 'ProxyJump first']),
        'Match originalhost inner exec "test %p = 22"',
        '  ProxyJump second',
        host('inner', inner, [keyOf(inner)]),
        'Host *',
        '  IdentityAgent none',
      ],
      join(dir, 'no-programs'),
    );
    expect((await runLine(await pool.open('start'), 'echo "$HOME"')).output).toBe(
      `${inner.home}\n`,
    );
    expect(jump1.log()).toContain('Accepted publickey');
    expect(jump2.log()).toContain('Accepted publickey');
  });

  it('is reached over an `ssh -W` of its ProxyCommand', async () => {
    const options = `-F ${join(dir, 'config')} -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null`;
    poolOf([
      host('first', jump1, [keyOf(jump1), 'IdentityAgent none']),
      host('inner', inner, [
        keyOf(inner),
        'IdentityAgent none',
        `ProxyCommand ssh ${options} -W %h:%p first`,
      ]),
    ]);
    expect((await runLine(await pool.open('start'), 'echo "$HOME"')).output).toBe(
      `${inner.home}\n`,
    );
  });

  it('is offered only the keys of the agent that IdentitiesOnly leaves', async () => {
    for (const name of ['one', 'two', 'three', 'four']) {
      const path = join(dir, name);
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
      addToAgent(path);
    }
    addToAgent(inner.clientKeyPath);

    const publicKey = `IdentityFile ${inner.clientKeyPath}.pub`;
    poolOf([host('inner', inner, [publicKey])]);
    expect(await rejectionOf(pool.open('start'))).toMatchObject({
      code: 'ssh/auth-failed',
      message: expect.stringContaining('too many'),
    });
    await pool.close();

    poolOf([host('inner', inner, [publicKey, 'IdentitiesOnly yes'])]);
    expect((await runLine(await pool.open('start'), 'echo in')).output).toBe('in\n');
  });

  it('may have an encrypted key in a file, which the agent has open', async () => {
    const path = join(dir, 'locked');
    copyFileSync(inner.clientKeyPath, path);
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', path]);
    poolOf([host('inner', inner, [`IdentityFile ${path}`, 'IdentitiesOnly yes'])]);
    expect((await runLine(await pool.open('start'), 'echo in')).output).toBe('in\n');
  });

  it('is spoken to with the algorithms and the compression that the config names', async () => {
    poolOf([
      host('inner', inner, [
        keyOf(inner),
        'IdentityAgent none',
        'Compression yes',
        'Ciphers aes256-ctr',
        'MACs hmac-sha2-512',
        'KexAlgorithms ecdh-sha2-nistp256',
        'HostKeyAlgorithms ssh-ed25519',
      ]),
    ]);
    expect((await runLine(await pool.open('start'), 'echo in')).output).toBe('in\n');
    const used = 'aes256-ctr MAC: hmac-sha2-512 compression: zlib@openssh.com';
    await until(() => inner.log().includes(`kex: server->client cipher: ${used}`), 'the choice');
    expect(inner.log()).toContain('kex: algorithm: ecdh-sha2-nistp256');
  });
});
