import { Socket } from 'node:net';
import { type Duplex } from 'node:stream';
import { type SshFailure } from '../errors.js';
import { type SshTarget } from '../ssh-target.js';

/** The byte stream under an SSH connection. */
export interface Wire {
  /** A `Socket` tells `lookup` and `connect`; any other stream stands already. */
  readonly stream: Duplex;
  /** Bytes that have arrived so far. */
  readonly bytesRead: number;
  /** Resolves when it has ended and everything that was opened for it is gone. */
  readonly closed: Promise<void>;
  /** Why it ended, if that is known here better than from its bytes; asked after `closed`. */
  readonly fault: SshFailure | null;
  /** Ends it at once; what was not sent yet is not sent any more, where that can be helped. */
  destroy(): void;
}

/** Opens a wire; its events come later than the return, so that the caller misses none. */
export type Dial = () => Wire;

export const DEFAULT_CONNECT_TIMEOUT_MS = 15_000;

const DEFAULT_KEEPALIVE = { intervalMs: 15_000, countMax: 3 };

export const keepaliveOf = ({ keepalive }: SshTarget): { intervalMs: number; countMax: number } =>
  keepalive ?? DEFAULT_KEEPALIVE;

/** A TCP connection of our own: ssh2 leaves Nagle on and hides what a server says before its banner. */
export const socketWire = (target: SshTarget): Wire => {
  const socket = new Socket();
  // Said to the socket itself: `connect` on a socket that exists passes over these options without a word.
  socket.setNoDelay(true).setKeepAlive(true, keepaliveOf(target).intervalMs);
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
  socket.connect({
    host: target.host,
    port: target.port,
    family: target.addressFamily ?? 0,
    // Node gives each address 250 ms only, which a slow link needs for one round trip.
    autoSelectFamilyAttemptTimeout: 3_000,
  });
  return {
    stream: socket,
    get bytesRead() {
      return socket.bytesRead;
    },
    closed,
    fault: null,
    destroy: () => {
      // What the system still holds, such as the start of a run, must not arrive when a link that was silent comes back.
      if (socket.readyState === 'open') socket.resetAndDestroy();
      else socket.destroy();
    },
  };
};
