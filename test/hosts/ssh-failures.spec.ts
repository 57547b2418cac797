import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import {
  type ConnectionPool,
  type ConnectionPoolOptions,
} from '../../src/hosts/ssh/pool/connection-pool.js';
import { type SshFailure } from '../../src/hosts/ssh/errors.js';
import { type PoolState } from '../../src/hosts/ssh/pool/pool-state.js';
import { type PrivateKey, readPrivateKey } from '../../src/hosts/ssh/private-keys.js';
import { type SshTarget } from '../../src/hosts/ssh/ssh-target.js';
import { poolFor, runLine } from '../support/ssh-pool.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';

const onSshd = sshdAvailable() ? describe : describe.skip;
const needs = sshdAvailable() ? '' : ' (skipped: no sshd on this machine)';
const at = { name: 'devbox', host: 'devbox' };

onSshd(`What is wrong between here and a remote${needs}`, () => {
  let sshd: TestSshd;
  let pool: ConnectionPool | null = null;
  let server: Server | null = null;
  const states: PoolState[] = [];

  beforeAll(async () => {
    sshd = await startSshd({ directives: ['MaxAuthTries 4'] });
  });
  afterEach(async () => {
    await pool?.close();
    server?.close();
    pool = server = null;
    states.length = 0;
  });
  afterAll(async () => {
    await sshd.stop();
  });

  const failure = async (
    changes: Partial<SshTarget>,
    options: Partial<ConnectionPoolOptions> = {},
  ): Promise<SshFailure> => {
    pool = poolFor(sshd, { changes, onState: (state) => states.push(state), ...options });
    return pool.open('start').then(
      () => {
        throw new Error('it did not fail');
      },
      (error: unknown) => error as SshFailure,
    );
  };
  const newKey = (name: string, passphrase = ''): string => {
    const path = join(sshd.dir, name);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', path]);
    return path;
  };
  const keyAt = (path: string, passphrase?: string): PrivateKey => ({
    source: path,
    content: readFileSync(path),
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  const listen = async (onConnection: (socket: Socket) => void): Promise<number> => {
    const listening = createServer((socket) => {
      socket.on('error', () => undefined);
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
    expect(states.map(({ status }) => status)).toEqual(['connecting', 'offline']);
  });

  it('a name that does not exist is unresolved', async () => {
    expect(await failure({ host: 'no-such-host.invalid' })).toMatchObject({
      code: 'ssh/unresolved',
    });
  });

  it('a name that ssh would take for an option is refused before anything is asked', async () => {
    expect(await failure({ host: '-oProxyCommand=id' })).toMatchObject({
      code: 'ssh/unresolved',
      message: expect.stringContaining('not valid'),
    });
  });

  it('a key that the server does not know is a failed login, and is not tried again', async () => {
    const stranger = newKey('stranger');
    const error = await failure({ privateKeys: [keyAt(stranger)] });
    expect(error).toMatchObject({
      code: 'ssh/auth-failed',
      message: expect.stringContaining(stranger),
    });
    expect(error.hint).toContain('authorized_keys');
    expect(states.at(-1)?.status).toBe('auth-failed');
    const log = sshd.log();
    await expect(pool?.open('start')).rejects.toBe(error);
    expect(sshd.log()).toBe(log);
  });

  it('a user that does not exist is a failed login', async () => {
    expect(await failure({ username: 'nobody-of-that-name' })).toMatchObject({
      code: 'ssh/auth-failed',
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
      message: expect.stringContaining('agent'),
    });
  });

  it('an agent that does not answer does no harm when a key opens the door', async () => {
    pool = poolFor(sshd, { changes: { agentSocket: join(sshd.dir, 'no-agent') } });
    expect((await runLine(await pool.open('start'), 'echo in')).output).toBe('in\n');
  });

  it('an encrypted key asks for its passphrase', async () => {
    const locked = newKey('locked', 'open sesame');
    expect(await failure({ privateKeys: [keyAt(locked)] })).toMatchObject({
      code: 'ssh/key-passphrase-required',
      message: expect.stringContaining(locked),
    });
    await pool?.close();
    expect(await failure({ privateKeys: [keyAt(locked, 'wrong')] })).toMatchObject({
      code: 'ssh/key-passphrase-required',
      message: expect.stringContaining('wrong'),
    });
    await pool?.close();
    // Unlocked, it is as good as any other key the server does not know.
    expect(await failure({ privateKeys: [keyAt(locked, 'open sesame')] })).toMatchObject({
      code: 'ssh/auth-failed',
    });
  });

  it('a file that is no private key is named', async () => {
    const path = join(sshd.dir, 'garbage');
    writeFileSync(path, 'not a key');
    expect(await failure({ privateKeys: [keyAt(path)] })).toMatchObject({
      code: 'ssh/unsupported',
      message: expect.stringContaining(path),
    });
    await pool?.close();
    expect(await failure({ privateKeys: [keyAt(`${sshd.clientKeyPath}.pub`)] })).toMatchObject({
      code: 'ssh/unsupported',
      message: expect.stringContaining('public key'),
    });
  });

  it('a key file that is missing or open to others is not read', async () => {
    await expect(readPrivateKey(join(sshd.dir, 'missing'), at)).rejects.toMatchObject({
      code: 'ssh/key-not-found',
    });
    const open = newKey('open');
    chmodSync(open, 0o644);
    await expect(readPrivateKey(open, at)).rejects.toMatchObject({
      code: 'ssh/key-permissions',
      hint: expect.stringContaining('chmod 600'),
    });
  });

  it('an unknown host key is refused when the verifier says so, before any login', async () => {
    const log = sshd.log();
    const error = await failure(
      {},
      { verifyHostKey: async () => ({ code: 'ssh/host-key-unknown' }) },
    );
    expect(error.code).toBe('ssh/host-key-unknown');
    expect(sshd.log().slice(log.length)).not.toContain('Accepted');
  });

  it('a verifier that cannot decide lets nobody in', async () => {
    const error = await failure(
      {},
      { verifyHostKey: () => Promise.reject(new Error('the pins cannot be read')) },
    );
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
});
