import { setTimeout as delay } from 'node:timers/promises';
import { isTransient, readPrivateKey, sshHost, type SshHost } from '../../src/hosts/index.js';
import { type ChaosRemote } from './chaos-remote.js';

/** A server's way to a remote. Links that say nothing are given up after three seconds. */
export const hostOf = ({ name, port, server }: ChaosRemote): SshHost =>
  sshHost({
    id: name,
    name,
    target: async () => ({
      id: name,
      name,
      host: server.host,
      port,
      username: server.username,
      keepalive: { intervalMs: 1_000, countMax: 3 },
      connectTimeoutMs: 5_000,
      privateKeys: [await readPrivateKey(server.clientKeyPath, { name, host: server.host })],
    }),
    verifyHostKey: async ({ fingerprint }) =>
      fingerprint === server.hostKeyFingerprint ? 'accept' : { code: 'ssh/host-key-changed' },
  });

/** Asks again and again while it is only the link that fails. */
export const persist = async <T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> => {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!isTransient(error)) throw error;
    }
    await delay(100, undefined, { signal });
  }
};

/** Waits until it holds. */
export const until = async (
  signal: AbortSignal,
  holds: () => boolean | Promise<boolean>,
): Promise<void> => {
  while (!(await holds())) await delay(50, undefined, { signal });
};
