import { type HostKey, type HostKeyRefusal, type KnownHost } from '../../../hosts/index.js';
import { type Remote } from '../remote.js';
import { kept, type KeptHostKey } from './kept-host-key.js';

export interface HostKeyCase {
  /** What the host shows. */
  key: HostKey;
  pinned: KeptHostKey | null;
  policy: Remote['hostKeyPolicy'];
  /** What known_hosts and imported lines say about the host under its name. */
  known: readonly KnownHost[];
  /** The same about its name without the port: good for the key that it names, and no evidence against another one. */
  knownWithoutPort: readonly KnownHost[];
}

/** `pin` is what to keep from now on. */
export type HostKeyVerdict = { isAccepted: true; pin: KeptHostKey } | HostKeyRefused;
export type HostKeyRefused = { isAccepted: false } & HostKeyRefusal;

/**
 * Decides as OpenSSH does, with two differences: a pin outweighs known_hosts, and a revoked key is refused whatever else
 * is said. Like OpenSSH, it takes another key than the known one for a changed key even when their types differ.
 *
 * Of a host whose certificate counts, the authority is pinned: the host may change its key as often as it likes, as long
 * as the same authority vouches for it.
 */
export const judgeHostKey = (shown: HostKeyCase): HostKeyVerdict => {
  const { key, pinned, policy, known, knownWithoutPort } = shown;
  const { fingerprint } = key;
  const revoked = [...known, ...knownWithoutPort].find(
    ({ marker, key: { blob } }) =>
      marker === 'revoked' && (blob.equals(key.blob) || key.authority?.blob.equals(blob)),
  );
  if (revoked) {
    return refused('revoked', `${revoked.key.fingerprint} is revoked by ${revoked.at}`);
  }
  if (pinned) {
    const proof = pinned.authority ? key.authority : key;
    if (proof?.fingerprint === pinned.fingerprint) return accepted(proof, pinned.authority);
    return refused(
      'changed',
      pinned.authority
        ? `pinned is the authority ${pinned.fingerprint}, offered is ${fingerprint} without its certificate`
        : `pinned is ${pinned.fingerprint}, offered is ${fingerprint}`,
    );
  }
  const plain = known.filter(({ marker }) => marker === null);
  const vouched = vouchedFor(key, known);
  if (vouched) return vouched;
  const [other] = plain;
  if (other) {
    return refused(
      'changed',
      `${other.at} says ${other.key.fingerprint}, offered is ${fingerprint}`,
    );
  }
  const vouchedWithoutPort = vouchedFor(key, knownWithoutPort);
  if (vouchedWithoutPort) return vouchedWithoutPort;
  return policy === 'accept-new' ? accepted(key) : refused('unknown', `it is ${fingerprint}`);
};

const vouchedFor = (key: HostKey, known: readonly KnownHost[]): HostKeyVerdict | null => {
  const { authority } = key;
  const says = (marker: KnownHost['marker'], blob: Buffer): boolean =>
    known.some((line) => line.marker === marker && line.key.blob.equals(blob));
  if (authority && says('cert-authority', authority.blob)) return accepted(authority, true);
  return says(null, key.blob) ? accepted(key) : null;
};

const accepted = (key: Parameters<typeof kept>[0], isAuthority = false): HostKeyVerdict => ({
  isAccepted: true,
  pin: isAuthority ? { ...kept(key), authority: true } : kept(key),
});

const refused = (what: 'unknown' | 'changed' | 'revoked', detail: string): HostKeyRefused => ({
  isAccepted: false,
  code: `ssh/host-key-${what}`,
  detail,
});
