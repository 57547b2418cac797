import { Socket } from 'node:net';
import { Client, type ClientErrorExtensions } from 'ssh2';
import { classifySshError, type ConnectPhase, type SshFault } from '../classify-ssh-error.js';
import { isTransient } from '../../transient.js';
import { algorithmsOf } from '../known-hosts/host-key-algorithms.js';
import { type Login } from './login.js';
import { publicKeyOf } from '../public-key.js';
import { type HostKey, type HostKeyRefusal, type SshTarget } from '../ssh-target.js';
import { DEFAULT_CONNECT_TIMEOUT_MS, type Dial, keepaliveOf, type Wire } from './wire.js';

/** The verdict on the key of the one host that this handshake is made with. */
export type KeyVerdict = (key: HostKey) => Promise<'accept' | HostKeyRefusal>;

/** A client that has logged in, before anybody listens to it. */
export interface LoggedIn {
  client: Client;
  wire: Wire;
  /** Milliseconds of one round trip. */
  latencyMs: number;
}

const GREETING_BYTES = 1024;

/**
 * One attempt to log in. `onReady` is called at once when it has succeeded, so that its listeners miss nothing; the
 * promise gives what it returned. Rejects with the `SshFailure` of the first error; nothing is left open then.
 */
export const handshake = <T>(
  target: SshTarget,
  dial: Dial,
  login: Login,
  verifyHostKey: KeyVerdict,
  onReady: (loggedIn: LoggedIn) => T,
): Promise<T> => {
  const wire = dial();
  const { stream } = wire;
  const client = new Client();
  const { intervalMs, countMax } = keepaliveOf(target);

  return new Promise<T>((resolve, reject) => {
    let phase: ConnectPhase = stream instanceof Socket ? 'resolving' : 'greeting';
    let greeting = '';
    let refusal: HostKeyRefusal | null = null;
    let verifierFault: Error | null = null;
    let acceptedKey: Buffer | null = null;
    let askedAt = performance.now();
    let latencyMs = 0;
    let isSettled = false;

    const fail = (error: SshFault['error']): void => {
      if (isSettled) return;
      isSettled = true;
      wire.destroy();
      const reason =
        verifierFault ??
        classifySshError(target, { error, phase, greeting, refusal, login: login.attempts });
      const isAboutTheWire = isTransient(reason) && error?.level !== 'client-timeout';
      // What carries the bytes often knows why they stopped, but a moment later.
      void wire.closed.then(() => {
        reject((isAboutTheWire ? wire.fault : null) ?? reason);
      });
    };

    const verify = (blob: Buffer, done: (isAccepted: boolean) => void): void => {
      // A server asks again whenever it changes the session keys; the pin is not read anew for that.
      if (acceptedKey) {
        done(acceptedKey.equals(blob));
        return;
      }
      verifyHostKey(publicKeyOf(blob)).then(
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

    stream.once('lookup', () => {
      phase = 'connecting';
    });
    stream.once('connect', () => {
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
      askedAt = performance.now();
    });
    // The server answers the request to log in before it looks at any key: one round trip.
    const nextIdentity: Login['next'] = (methodsLeft) => {
      latencyMs ||= Math.max(1, Math.round(performance.now() - askedAt));
      return login.next(methodsLeft);
    };
    client.once('ready', () => {
      if (isSettled) return;
      isSettled = true;
      resolve(onReady({ client, wire, latencyMs }));
    });

    const algorithms = algorithmsOf(target);
    try {
      client.connect({
        sock: stream,
        username: target.username,
        hostVerifier: verify,
        authHandler: nextIdentity,
        readyTimeout: target.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
        keepaliveInterval: intervalMs,
        keepaliveCountMax: countMax,
        ...(algorithms ? { algorithms } : {}),
      });
    } catch (error) {
      fail(error instanceof Error ? error : null);
      return;
    }
    const readGreeting = (data: Buffer): void => {
      greeting += data.toString('latin1');
      if (/^SSH-/m.test(greeting)) phase = 'negotiating';
      if (phase !== 'greeting' || greeting.length > GREETING_BYTES)
        stream.off('data', readGreeting);
    };
    stream.on('data', readGreeting);
  });
};
