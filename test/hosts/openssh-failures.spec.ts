import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type SshFailure } from '../../src/hosts/ssh/errors.js';
import { OpensshLink } from '../../src/hosts/ssh/openssh/openssh-link.js';
import { KeyRing, type PrivateKey } from '../../src/hosts/ssh/private-keys.js';
import { resolveSshConfig } from '../../src/hosts/ssh/ssh-config/ssh-config.js';
import { targetFromSshConfig } from '../../src/hosts/ssh/ssh-config/ssh-config-target.js';
import { type HostKeyVerifier, type SshTarget } from '../../src/hosts/ssh/ssh-target.js';
import { opensshAvailable, overOpenssh } from '../support/openssh.js';
import { makeKeyPair } from '../support/ssh-keys.js';
import { rejectionOf, targetOf } from '../support/ssh-pool.js';
import { startSshd, type TestSshd } from '../support/sshd.js';

const isPossible = opensshAvailable();
const onOpenssh = isPossible ? describe : describe.skip;
const needs = isPossible ? '' : ' (skipped: no sshd, or no OpenSSH client of 8.7 or newer)';

onOpenssh(`What is wrong between here and a remote, as the system's ssh sees it${needs}`, () => {
  let sshd: TestSshd;
  let server: Server | null = null;

  beforeAll(async () => {
    sshd = await startSshd({ directives: ['MaxAuthTries 4'] });
  });
  afterEach(() => {
    server?.close();
    server = null;
  });
  afterAll(async () => {
    await sshd.stop();
  });

  const refusalOf = async (
    target: SshTarget,
    verify: HostKeyVerifier = async () => 'accept',
  ): Promise<SshFailure> =>
    (await rejectionOf(
      OpensshLink.open(overOpenssh(target), new KeyRing(), verify, ['a test']),
    )) as SshFailure;
  const failure = (changes: Partial<SshTarget>, verify?: HostKeyVerifier): Promise<SshFailure> =>
    refusalOf(targetOf(sshd, changes), verify);
  const keyAt = (path: string, passphrase?: string): PrivateKey => ({
    source: path,
    content: readFileSync(path),
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  const newKey = (name: string, passphrase = ''): string => {
    const path = join(sshd.dir, name);
    makeKeyPair(path, ['-N', passphrase]);
    return path;
  };
  const listen = async (onConnection: (socket: Socket) => void): Promise<number> => {
    const listening = createServer((socket) => {
      // What is left unread at the end makes the kernel take back what was said.
      socket.on('error', () => undefined).resume();
      onConnection(socket);
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    return (listening.address() as AddressInfo).port;
  };

  it('a port on which nothing listens is a refused connection', async () => {
    const port = await listen(() => undefined);
    await new Promise((resolve) => server?.close(resolve));
    expect(await failure({ port })).toMatchObject({ code: 'ssh/refused', status: 502 });
  });

  it('a name that does not exist is unresolved', async () => {
    expect(await failure({ host: 'no-such-host.invalid' })).toMatchObject({
      code: 'ssh/unresolved',
    });
  });

  it('a name that ssh would take for an option never reaches it', async () => {
    expect(await failure({ host: '-oProxyCommand=id' })).toMatchObject({
      code: 'ssh/unresolved',
      message: expect.stringContaining('not valid'),
    });
  });

  it('a key that the server does not know is a failed login that names it', async () => {
    const stranger = newKey('stranger');
    const error = await failure({ privateKeys: [keyAt(stranger)] });
    expect(error).toMatchObject({
      code: 'ssh/auth-failed',
      message: expect.stringContaining(stranger),
    });
    expect(error.hint).toContain('authorized_keys');
  });

  it('a sealed key that the server does not know is a failed login that says so', async () => {
    const privateKeys = [{ ...keyAt(newKey('sealed')), source: 'sealed' }];
    expect(await failure({ privateKeys })).toMatchObject({
      code: 'ssh/auth-failed',
      message: expect.stringContaining('the sealed key'),
    });
  });

  it('more keys than the server wants to see is a failed login that says so', async () => {
    const privateKeys = [1, 2, 3, 4, 5].map((index) => keyAt(newKey(`bad${String(index)}`)));
    expect(await failure({ privateKeys })).toMatchObject({
      code: 'ssh/auth-failed',
      message: expect.stringContaining('too many'),
    });
  });

  it('no key and no agent is no identity', async () => {
    expect(await failure({ privateKeys: [] })).toMatchObject({ code: 'ssh/no-identity' });
  });

  it('an agent that does not answer is no identity', async () => {
    const agentSocket = join(sshd.dir, 'no-agent');
    expect(await failure({ privateKeys: [], agentSocket })).toMatchObject({
      code: 'ssh/no-identity',
    });
  });

  it('an encrypted key asks for its passphrase', async () => {
    const locked = newKey('locked', 'open sesame');
    expect(await failure({ privateKeys: [keyAt(locked)] })).toMatchObject({
      code: 'ssh/key-passphrase-required',
      message: expect.stringContaining(locked),
    });
    expect(await failure({ privateKeys: [keyAt(locked, 'wrong')] })).toMatchObject({
      code: 'ssh/key-passphrase-required',
      message: expect.stringContaining('wrong'),
    });
    // Unlocked, it is as good as any other key the server does not know.
    expect(await failure({ privateKeys: [keyAt(locked, 'open sesame')] })).toMatchObject({
      code: 'ssh/auth-failed',
    });
  });

  it('a file that is no private key is named', async () => {
    const path = join(sshd.dir, 'garbage');
    writeFileSync(path, 'not a key', { mode: 0o600 });
    const error = await failure({ privateKeys: [keyAt(path)] });
    expect(error).toMatchObject({
      code: 'ssh/unsupported',
      message: expect.stringContaining(path),
    });
  });

  it('an unknown or changed host key is refused when the verifier says so, before any login', async () => {
    for (const code of ['ssh/host-key-unknown', 'ssh/host-key-changed'] as const) {
      const log = sshd.log().length;
      const error = await failure({}, async () => ({ code, detail: 'so it is' }));
      expect(error).toMatchObject({ code, message: expect.stringContaining('so it is') });
      expect(sshd.log().slice(log)).not.toContain('Accepted');
    }
  });

  it('a verifier that cannot decide lets nobody in', async () => {
    const error = await failure({}, () => Promise.reject(new Error('the pins cannot be read')));
    expect(error.message).toBe('the pins cannot be read');
  });

  it('a listener that never answers is a timeout', async () => {
    const port = await listen(() => undefined);
    expect(await failure({ port, connectTimeoutMs: 5_000 })).toMatchObject({
      code: 'ssh/timeout',
      status: 504,
      message: expect.stringContaining('no SSH server answered'),
    });
  });

  it('a server that introduces itself and stalls is a timeout', async () => {
    const port = await listen((socket) => socket.write('SSH-2.0-Slow\r\n'));
    expect(await failure({ port, connectTimeoutMs: 5_000 })).toMatchObject({
      code: 'ssh/timeout',
      message: expect.stringContaining('key exchange'),
    });
  });

  it('a server that is busy with logins is full, and says it in its own words', async () => {
    const port = await listen((socket) => socket.end('Exceeded MaxStartups\r\n'));
    expect(await failure({ port })).toMatchObject({
      code: 'ssh/session-limit',
      message: expect.stringContaining('Exceeded MaxStartups'),
    });
  });

  it('a web server is not an SSH server', async () => {
    const port = await listen((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    expect(await failure({ port })).toMatchObject({
      code: 'ssh/unsupported',
      message: expect.stringContaining('web server'),
    });
  });

  it('a server that hangs up without a word is a lost connection', async () => {
    const port = await listen((socket) => socket.end());
    expect(await failure({ port })).toMatchObject({ code: 'ssh/connection-lost' });
  });

  describe('on the way over other hosts', () => {
    const over = async (innerPort: number, lines: readonly string[] = []): Promise<SshFailure> => {
      const configPath = join(sshd.dir, 'config');
      const [user, key] = [`User ${sshd.user}`, `IdentityFile ${sshd.clientKeyPath}`];
      writeFileSync(
        configPath,
        [
          `Host jump\nHostName 127.0.0.1\nPort ${String(sshd.port)}\n${user}\n${key}`,
          `Host inner\nHostName 127.0.0.1\nPort ${String(innerPort)}\n${user}\n${key}\nProxyJump jump`,
          ...lines,
          '',
        ].join('\n'),
      );
      const resolved = await resolveSshConfig('inner', {
        configPath,
        environment: { PATH: process.env['PATH'] },
      });
      const target = await targetFromSshConfig(resolved, { id: '1', name: 'inner' });
      return refusalOf({ ...target, ownsKeys: false });
    };

    it('a refused connection is that of the host which was to be reached', async () => {
      const port = await listen(() => undefined);
      await new Promise((resolve) => server?.close(resolve));
      const error = await over(port);
      expect(error).toMatchObject({ code: 'ssh/refused' });
      expect(error.message).toContain(`inner (`);
      expect(error.message).toContain('says the jump host 127.0.0.1');
    });

    it('a stalling host is named, and not the one that was passed', async () => {
      const port = await listen((socket) => socket.end('Exceeded MaxStartups\r\n'));
      const error = await over(port);
      expect(error).toMatchObject({ code: 'ssh/session-limit' });
      expect(error.message).toContain(String(port));
    });
  });
});
