import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import { Client, type ClientErrorExtensions } from 'ssh2';
import { classifySshError, type ConnectPhase, type SshFault } from './classify-ssh-error.js';
import { type Login } from './login.js';
import {
  assertReachable,
  type HostKey,
  type HostKeyRefusal,
  type HostKeyVerifier,
  type SshTarget,
} from './ssh-target.js';

/** A link that has logged in, before anybody listens to it. */
export interface Link {
  client: Client;
  socket: Socket;
  /** Milliseconds of one round trip. */
  latencyMs: number;
}

const CONNECT_TIMEOUT_MS = 15_000;
const KEEPALIVE = { intervalMs: 15_000, countMax: 3 };
const GREETING_BYTES = 1024;

/**
 * One attempt to log in. `onReady` is called at once when it has succeeded, so that its listeners miss nothing; the
 * promise gives what it returned. Rejects with the `SshFailure` of the first error; nothing is left open then.
 */
export const handshake = <T>(
  target: SshTarget,
  login: Login,
  verifyHostKey: HostKeyVerifier,
  onReady: (link: Link) => T,
): Promise<T> => {
  assertReachable(target);
  // ssh2 leaves Nagle on and hides what a server says before its banner: the socket is ours.
  const socket = new Socket();
  const client = new Client();
  const { intervalMs, countMax } = target.keepalive ?? KEEPALIVE;

  return new Promise<T>((resolve, reject) => {
    let phase: ConnectPhase = 'resolving';
    let greeting = '';
    let refusal: HostKeyRefusal | null = null;
    let verifierFault: Error | null = null;
    let acceptedKey: Buffer | null = null;
    let connectStartedAt = performance.now();
    let latencyMs = 0;
    let isSettled = false;

    const fail = (error: SshFault['error']): void => {
      if (isSettled) return;
      isSettled = true;
      socket.destroy();
      const fault = { error, phase, greeting, refusal, login: login.attempts };
      reject(verifierFault ?? classifySshError(target, fault));
    };

    const verify = (blob: Buffer, done: (isAccepted: boolean) => void): void => {
      // A server asks again whenever it changes the session keys; the pin is not read anew for that.
      if (acceptedKey) {
        done(acceptedKey.equals(blob));
        return;
      }
      verifyHostKey(hostKeyOf(blob)).then(
        (verdict) => {
          if (isSettled) return;
          if (verdict === 'accept') acceptedKey = blob;
          else refusal = verdict;
          done(verdict === 'accept');
        },
        (error: unknown) => {
          if (isSettled) return;
          verifierFault = error as Error;
          done(false);
        },
      );
    };

    socket.once('lookup', () => {
      connectStartedAt = performance.now();
      phase = 'connecting';
    });
    socket.once('connect', () => {
      latencyMs = Math.max(1, Math.round(performance.now() - connectStartedAt));
      phase = 'greeting';
    });
    client.on('error', (error: Error & ClientErrorExtensions) => {
      if (error.level === 'agent') login.agentFault = error.message;
      else fail(error);
    });
    client.once('close', () => {
      fail(null);
    });
    client.once('handshake', () => {
      phase = 'authenticating';
    });
    client.once('ready', () => {
      if (isSettled) return;
      isSettled = true;
      resolve(onReady({ client, socket, latencyMs }));
    });

    // Said to the socket itself: `connect` on a socket that exists passes over these options without a word.
    socket.setNoDelay(true).setKeepAlive(true, intervalMs);
    socket.connect({
      host: target.host,
      port: target.port,
      family: target.addressFamily ?? 0,
      // Node gives each address 250 ms only, which a slow link needs for one round trip.
      autoSelectFamilyAttemptTimeout: 3_000,
    });
    client.connect({
      sock: socket,
      username: target.username,
      hostVerifier: verify,
      authHandler: login.next,
      readyTimeout: target.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      keepaliveInterval: intervalMs,
      keepaliveCountMax: countMax,
    });
    const readGreeting = (data: Buffer): void => {
      greeting += data.toString('latin1');
      if (/^SSH-/m.test(greeting)) phase = 'negotiating';
      if (phase !== 'greeting' || greeting.length > GREETING_BYTES)
        socket.off('data', readGreeting);
    };
    socket.on('data', readGreeting);
  });
};

const hostKeyOf = (blob: Buffer): HostKey => ({
  type: blob.toString('latin1', 4, 4 + blob.readUInt32BE(0)),
  fingerprint: `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`,
  blob,
});
