import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type SshFailure } from '../../src/hosts/ssh/errors.js';
import { type PrivateKey } from '../../src/hosts/ssh/private-keys.js';
import { type HostKeyVerifier, type SshTarget } from '../../src/hosts/ssh/ssh-target.js';
import { makeKeyPair } from '../support/ssh-keys.js';
import { startSshd, type TestSshd } from '../support/sshd.js';

/** Where logins fail: a real sshd, and listeners that are none. */
export class Trouble {
  sshd!: TestSshd;
  private server: Server | null = null;

  /** Within a suite: before and after its tests. */
  constructor() {
    beforeAll(async () => {
      this.sshd = await startSshd({ directives: ['MaxAuthTries 4'] });
    });
    afterEach(() => {
      this.server?.close();
      this.server = null;
    });
    afterAll(async () => {
      await this.sshd.stop();
    });
  }

  newKey(name: string, passphrase = ''): string {
    const path = join(this.sshd.dir, name);
    makeKeyPair(path, ['-N', passphrase]);
    return path;
  }

  keyAt(path: string, passphrase?: string): PrivateKey {
    const content = readFileSync(path);
    return { source: path, content, ...(passphrase === undefined ? {} : { passphrase }) };
  }

  async listen(onConnection: (socket: Socket) => void): Promise<number> {
    const listening = createServer((socket) => {
      // What is left unread at the end makes the kernel take back what was said.
      socket.on('error', () => undefined).resume();
      onConnection(socket);
    });
    this.server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    return (listening.address() as AddressInfo).port;
  }

  /** On which nothing listens. */
  async closedPort(): Promise<number> {
    const port = await this.listen(() => undefined);
    await new Promise((resolve) => this.server?.close(resolve));
    return port;
  }
}

/**
 * What can be wrong between here and a remote, the same for every transport.
 *
 * @param failure of a login to the sshd of the trouble, so changed
 */
export const failsAlike = (
  trouble: Trouble,
  failure: (changes: Partial<SshTarget>, verify?: HostKeyVerifier) => Promise<SshFailure>,
): void => {
  it('a port on which nothing listens is a refused connection', async () => {
    const port = await trouble.closedPort();
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
    const stranger = trouble.newKey('stranger');
    const error = await failure({ privateKeys: [trouble.keyAt(stranger)] });
    expect(error).toMatchObject({
      code: 'ssh/auth-failed',
      message: expect.stringContaining(stranger),
    });
    expect(error.hint).toContain('authorized_keys');
  });

  it('more keys than the server wants to see is a failed login that says so', async () => {
    const privateKeys = [1, 2, 3, 4, 5].map((index) =>
      trouble.keyAt(trouble.newKey(`bad${String(index)}`)),
    );
    expect(await failure({ privateKeys })).toMatchObject({
      code: 'ssh/auth-failed',
      message: expect.stringContaining('too many'),
    });
  });

  it('no key and no agent is no identity', async () => {
    expect(await failure({ privateKeys: [] })).toMatchObject({ code: 'ssh/no-identity' });
  });

  it('an agent that does not answer is no identity', async () => {
    const agentSocket = join(trouble.sshd.dir, 'no-agent');
    expect(await failure({ privateKeys: [], agentSocket })).toMatchObject({
      code: 'ssh/no-identity',
    });
  });

  it('an encrypted key asks for its passphrase', async () => {
    const locked = trouble.newKey('locked', 'open sesame');
    expect(await failure({ privateKeys: [trouble.keyAt(locked)] })).toMatchObject({
      code: 'ssh/key-passphrase-required',
      message: expect.stringContaining(locked),
    });
    expect(await failure({ privateKeys: [trouble.keyAt(locked, 'wrong')] })).toMatchObject({
      code: 'ssh/key-passphrase-required',
      message: expect.stringContaining('wrong'),
    });
    // Unlocked, it is as good as any other key the server does not know.
    expect(await failure({ privateKeys: [trouble.keyAt(locked, 'open sesame')] })).toMatchObject({
      code: 'ssh/auth-failed',
    });
  });

  it('a file that is no private key is named', async () => {
    const path = join(trouble.sshd.dir, 'garbage');
    writeFileSync(path, 'not a key', { mode: 0o600 });
    expect(await failure({ privateKeys: [trouble.keyAt(path)] })).toMatchObject({
      code: 'ssh/unsupported',
      message: expect.stringContaining(path),
    });
  });

  it('an unknown or changed host key is refused when the verifier says so, before any login', async () => {
    for (const code of ['ssh/host-key-unknown', 'ssh/host-key-changed'] as const) {
      const log = trouble.sshd.log().length;
      const error = await failure({}, async () => ({ code, detail: 'so it is' }));
      expect(error).toMatchObject({ code, message: expect.stringContaining('so it is') });
      expect(trouble.sshd.log().slice(log)).not.toContain('Accepted');
    }
  });

  it('a verifier that cannot decide lets nobody in', async () => {
    const error = await failure({}, () => Promise.reject(new Error('the pins cannot be read')));
    expect(error.message).toBe('the pins cannot be read');
  });

  it('a listener that never answers is a timeout', async () => {
    const port = await trouble.listen(() => undefined);
    expect(await failure({ port, connectTimeoutMs: 5_000 })).toMatchObject({
      code: 'ssh/timeout',
      status: 504,
      message: expect.stringContaining('no SSH server answered'),
    });
  });

  it('a server that introduces itself and stalls is a timeout', async () => {
    const port = await trouble.listen((socket) => socket.write('SSH-2.0-Slow\r\n'));
    expect(await failure({ port, connectTimeoutMs: 5_000 })).toMatchObject({
      code: 'ssh/timeout',
      message: expect.stringContaining('key exchange'),
    });
  });

  it('a server that is busy with logins is full, and says it in its own words', async () => {
    const port = await trouble.listen((socket) => socket.end('Exceeded MaxStartups\r\n'));
    expect(await failure({ port })).toMatchObject({
      code: 'ssh/session-limit',
      message: expect.stringContaining('Exceeded MaxStartups'),
    });
  });

  it('a web server is not an SSH server', async () => {
    const port = await trouble.listen((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    expect(await failure({ port })).toMatchObject({
      code: 'ssh/unsupported',
      message: expect.stringContaining('web server'),
    });
  });

  it('a server that hangs up without a word is a lost connection', async () => {
    const port = await trouble.listen((socket) => socket.end());
    expect(await failure({ port })).toMatchObject({ code: 'ssh/connection-lost' });
  });
};
