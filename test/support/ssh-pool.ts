import { setTimeout as delay } from 'node:timers/promises';
import {
  ConnectionPool,
  type ConnectionPoolOptions,
} from '../../src/hosts/ssh/pool/connection-pool.js';
import { type Channel } from '../../src/hosts/channel.js';
import { type SshTarget } from '../../src/hosts/ssh/ssh-target.js';
import { type TestSshd } from './sshd.js';

/** What every channel runs in these tests: `/bin/sh` that evaluates one line from its standard input. */
export const TEST_LOADER = `exec /bin/sh -c 'IFS= read -r l&&eval "$l"'`;

export const targetOf = (sshd: TestSshd, changes: Partial<SshTarget> = {}): SshTarget => ({
  id: 'test-remote',
  name: 'devbox',
  host: sshd.host,
  port: sshd.port,
  username: sshd.user,
  privateKeys: [{ source: sshd.clientKeyPath, content: sshd.clientKey }],
  ...changes,
});

/** A pool that accepts the key which the server has at this moment, and no other. */
export const poolFor = (
  sshd: TestSshd,
  options: Partial<ConnectionPoolOptions> & { changes?: Partial<SshTarget> } = {},
): ConnectionPool => {
  const pinned = sshd.hostKeyFingerprint;
  const { changes, ...rest } = options;
  return new ConnectionPool({
    name: 'devbox',
    target: async () => targetOf(sshd, changes),
    verifyHostKey: async ({ fingerprint }) =>
      fingerprint === pinned
        ? 'accept'
        : { code: 'ssh/host-key-changed', detail: `expected ${pinned}, got ${fingerprint}` },
    loader: TEST_LOADER,
    ...rest,
  });
};

/** Runs one line on a channel to its end. */
export const runLine = async (
  channel: Channel,
  line: string,
): Promise<{ code: number | null; output: string }> => {
  channel.stdin.end(`${line}\n`);
  channel.stderr.resume();
  const chunks: Buffer[] = [];
  for await (const chunk of channel.stdout) chunks.push(chunk as Buffer);
  const { code } = await channel.closed;
  return { code, output: Buffer.concat(chunks).toString() };
};

/** Runs a line that goes on, and resolves when it has printed something; rejects when it ends before. */
export const startLine = async (channel: Channel, line: string): Promise<string> => {
  channel.stdin.write(`${line}\n`);
  channel.stderr.resume();
  return new Promise((resolve, reject) => {
    channel.stdout.once('data', (chunk: Buffer) => {
      resolve(chunk.toString());
    });
    channel.closed.then(() => {
      reject(new Error('it ended without a word'));
    }, reject);
  });
};

/** Waits for a condition of the outside world, at most 60 s. */
export const until = async (condition: () => boolean, what: string): Promise<void> => {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await delay(5);
  }
};

/** The error of a promise that must fail. */
export const rejectionOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );
