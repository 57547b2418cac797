import { isIP } from 'node:net';
import { type PrivateKey } from './private-keys.js';
import { type HostLabel, SshFailure } from './errors.js';

/** Everything needed to reach one SSH host; made anew for each connection, so that a rotated key counts. */
export interface SshTarget extends HostLabel {
  /** Id of the remote. */
  id: string;
  port: number;
  username: string;
  /** Offered in this order, before the agent's. */
  privateKeys: readonly PrivateKey[];
  /** Socket of an ssh-agent. */
  agentSocket?: string;
  /** Milliseconds for everything up to the login (default 15 000). */
  connectTimeoutMs?: number;
  /** A link that misses `countMax` answers is given up (default every 15 000 ms, 3). */
  keepalive?: { intervalMs: number; countMax: number };
  /** Only this IP version (default: whichever answers first). */
  addressFamily?: 4 | 6;
}

export interface HostKey {
  /** For example `ssh-ed25519`. */
  type: string;
  /** As OpenSSH prints it: `SHA256:` and base64 without padding. */
  fingerprint: `SHA256:${string}`;
  blob: Buffer;
}

export interface HostKeyRefusal {
  code: 'ssh/host-key-unknown' | 'ssh/host-key-changed';
  /** What was expected, for the message. */
  detail?: string;
}

/** Decides on the key a host shows. Pins are stored above this layer; without a verdict nobody connects. */
export type HostKeyVerifier = (key: HostKey) => Promise<'accept' | HostKeyRefusal>;

const HOST_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u;
const USER_NAME = /^[^-\s\p{Cc}:@/][^\s\p{Cc}:@/]*$/u;

/** A name that could be read as an option, or that hides control characters, reaches neither ssh nor the resolver. */
export const isHostName = (host: string): boolean =>
  host.length <= 255 && (isIP(host) !== 0 || HOST_NAME.test(host));

export const assertReachable = (target: SshTarget): void => {
  if (!isHostName(target.host)) {
    throw new SshFailure('ssh/unresolved', target, { detail: 'the host name is not valid' });
  }
  if (!Number.isInteger(target.port) || target.port < 1 || target.port > 65_535) {
    throw new SshFailure('ssh/unresolved', target, { detail: 'the port is not valid' });
  }
  if (!USER_NAME.test(target.username)) {
    throw new SshFailure('ssh/auth-failed', target, { detail: 'the user name is not valid' });
  }
};
