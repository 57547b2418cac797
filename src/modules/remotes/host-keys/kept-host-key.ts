import { type HostKeyRefusal, type PublicKey } from '../../../hosts/index.js';
import { type ImportedHostKey, type RemoteHostKey } from '../remote.js';

/** A key as the database keeps it. */
export interface KeptHostKey {
  type: string;
  fingerprint: string;
  /** Base64 of the wire format; keys that were pinned by earlier versions have none until they are shown again. */
  blob?: string;
  /** It is the key of an authority. */
  authority?: boolean;
}

/** A key that was shown and not accepted, and why; without a reason, a person has asked to look again. */
export interface RefusedHostKey extends KeptHostKey {
  refusal?: HostKeyRefusal;
}

export interface KeptHostKeys {
  pinned: KeptHostKey | null;
  offered: RefusedHostKey | null;
}

/** A line of an imported known_hosts file that counts beside the pin. */
export interface HostKeyLine {
  /** `host:port` of a host on the way; null for the remote itself. */
  hop: string | null;
  marker: ImportedHostKey['marker'];
  type: string;
  fingerprint: string;
  blob: string;
}

/** After this, nobody connects until a person has decided; a key that is only unknown may become known by itself. */
export const isHardStop = ({ code }: HostKeyRefusal): boolean => code !== 'ssh/host-key-unknown';

export const kept = ({ type, fingerprint, blob }: PublicKey): KeptHostKey & { blob: string } => ({
  type,
  fingerprint,
  blob: blob.toString('base64'),
});

export const withoutRefusal = ({
  type,
  fingerprint,
  blob,
  authority,
}: RefusedHostKey): KeptHostKey => ({
  type,
  fingerprint,
  ...(blob === undefined ? {} : { blob }),
  ...(authority === undefined ? {} : { authority }),
});

export const shownKey = ({ type, fingerprint, authority = false }: KeptHostKey): RemoteHostKey => ({
  type,
  fingerprint,
  authority,
});
