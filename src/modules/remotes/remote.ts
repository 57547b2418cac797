import { type Transport } from '../../hosts/index.js';
import { type Failure } from '../../platform/errors/index.js';

export const REMOTE_STATUSES = [
  'unknown',
  'connecting',
  'online',
  'degraded',
  'offline',
  'auth-failed',
  'host-key-changed',
  'disabled',
] as const;

export interface RemoteState {
  status: (typeof REMOTE_STATUSES)[number];
  since: string;
  latencyMs: number | null;
  /** What carries the connections; null until one was made. */
  transport: Transport | null;
  /** What needs that transport, by the names of directives; none for the usual one. */
  transportReasons: readonly string[];
  error: Failure | null;
}

/** What one process sees. */
export type SeenState = Omit<RemoteState, 'since'>;

/** Of a remote whose settings nobody has tried yet. */
export const untried = (): RemoteState => ({
  status: 'unknown',
  since: new Date().toISOString(),
  latencyMs: null,
  transport: null,
  transportReasons: [],
  error: null,
});

/** A public key of a host, as it was pinned or offered. */
export interface RemoteHostKey {
  type: string;
  /** `SHA256:...`, as OpenSSH prints it. */
  fingerprint: string;
  /** It is not the host's own but that of an authority: any key counts for which the host shows its certificate. */
  authority: boolean;
}

/** What a person compares: the key that counts, and the one that was shown last. */
export interface ShownHostKey {
  pinned: RemoteHostKey | null;
  offered: RemoteHostKey | null;
}

/** A line of an imported known_hosts file that counts beside the pins. */
export interface ImportedHostKey {
  /** `host:port` of a host on the way; null for the remote itself. */
  host: string | null;
  marker: 'cert-authority' | 'revoked';
  type: string;
  fingerprint: string;
}

/** Of a remote, and of the hosts on the way to it by `host:port`. */
export interface ShownHostKeys extends ShownHostKey {
  hops: (ShownHostKey & { host: string })[];
  imported: ImportedHostKey[];
}

/** What became of an imported known_hosts file. */
export interface HostKeyImport {
  /** The lines that count from now on; one without a marker is pinned. */
  taken: (Omit<ImportedHostKey, 'marker'> & { marker: ImportedHostKey['marker'] | null })[];
  /** Lines about other hosts, or about further keys of these. */
  otherLines: number;
  /** Lines that are no line of a known_hosts file. */
  unreadableLines: number;
  hostKeys: ShownHostKeys;
}

/** A registered SSH host. Keys never leave the server; values of `env` are masked. */
export interface Remote {
  id: string;
  name: string;
  host: string;
  /** Null: from the ssh config, else 22. */
  port: number | null;
  username: string | null;
  privateKeyPath: string | null;
  /** Whether a private key is kept, sealed, in the database. */
  hasPrivateKey: boolean;
  workingDirectory: string | null;
  env: Record<string, '***'>;
  enabled: boolean;
  useSshConfig: boolean;
  hostKeyPolicy: 'accept-new' | 'strict';
  isDefault: boolean;
  state: RemoteState;
  createdAt: string;
  updatedAt: string;
}
