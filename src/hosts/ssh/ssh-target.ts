import { isIP } from 'node:net';
import { type Algorithms } from 'ssh2';
import { type PrivateKey } from './private-keys.js';
import { type HostLabel, SshFailure } from './errors.js';
import { type Transport } from './link.js';

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
  /** Public keys in wire format; of the agent's identities, only these are offered (default: all). */
  agentKeys?: readonly Buffer[];
  /** Hosts to go through, the nearest first; only that one's own `proxyCommand` counts. */
  jumps?: readonly SshTarget[];
  /** A command for `/bin/sh` whose standard input and output are the connection. */
  proxyCommand?: ProxyCommand;
  /** Instead of the defaults of ssh2. */
  algorithms?: Algorithms;
  /** Under this name its key is known (default: `host`). */
  hostKeyAlias?: string;
  /** Files in which keys of hosts are known, in the format of OpenSSH (default: the server user's own and the system's). */
  knownHostsFiles?: readonly string[];
  /** Types of the keys that it is known by: asked for first, so that a host with several keys shows one of them. */
  knownKeyTypes?: readonly string[];
  /** Those whose word counts for it instead of a known key; only a transport that asks for certificates gets to see theirs. */
  authorities?: readonly PublicKey[];
  /** Whether `privateKeys` are the remote's own, and not what an ssh config names. */
  ownsKeys?: boolean;
  /** For the system's `ssh`, when it carries the link. */
  openssh?: OpensshSettings;
  /** What has to carry the link (default `ssh2`), and why when it is not the default. */
  transport?: { kind: Transport; reasons: readonly string[] };
}

export interface OpensshSettings {
  /** The program (default: the `ssh` of the path). */
  sshPath?: string;
  environment?: Readonly<Record<string, string | undefined>>;
  /** Where it is to find out everything by itself: the name of the host there, and another file than the user's own. */
  config?: { alias: string; path?: string };
}

export interface ProxyCommand {
  /** Without tokens. */
  command: string;
  environment: Readonly<Record<string, string | undefined>>;
}

export interface PublicKey {
  /** For example `ssh-ed25519`. */
  type: string;
  /** As OpenSSH prints it: `SHA256:` and base64 without padding. */
  fingerprint: `SHA256:${string}`;
  /** In wire format. */
  blob: Buffer;
}

/** The key that a host shows; of a certificate, the key that it certifies. */
export interface HostKey extends PublicKey {
  /** The authority that signed the host's certificate; the transport has checked, or will check, the certificate itself. */
  authority?: PublicKey;
}

export interface HostKeyRefusal {
  code: 'ssh/host-key-unknown' | 'ssh/host-key-changed' | 'ssh/host-key-revoked';
  /** What was expected, for the message. */
  detail?: string;
}

/**
 * Decides on the key a host shows. Pins are stored above this layer; without a verdict nobody connects. `hop` is
 * `host:port` of a host on the way, and null for the remote itself; `target` is whichever of them shows the key.
 */
export type HostKeyVerifier = (
  key: HostKey,
  hop: string | null,
  target: SshTarget,
) => Promise<'accept' | HostKeyRefusal>;

/** `host:port`, the name of a host on the way for those who keep its key. */
export const hostKeyName = ({ hostKeyAlias, host, port }: SshTarget): string =>
  `${hostKeyAlias ?? (host.includes(':') ? `[${host}]` : host)}:${String(port)}`;

const HOST_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u;
/** No shell may read more in it than a name: it is put into `ProxyCommand` and `Match exec`. So does OpenSSH since 9.6. */
const USER_NAME = /^(?!-)[^\s\p{Cc}\p{Cf}:@/'`";&<>|(){}]+(?<!\\)$/u;

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
  assertUserName(target.username, target);
};

export const isUserName = (username: string): boolean => USER_NAME.test(username);

export const assertUserName = (username: string, at: HostLabel): void => {
  if (!isUserName(username)) {
    throw new SshFailure('ssh/auth-failed', at, { detail: 'the user name is not valid' });
  }
};
