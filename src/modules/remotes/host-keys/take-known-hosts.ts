import {
  type KnownHost,
  knownHostName,
  type KnownHosts,
  preferredKeyType,
  type SshTarget,
} from '../../../hosts/index.js';
import { type HostKeyImport } from '../remote.js';
import { type RemoteRow } from '../storage/remote.entity.js';
import { importedLines, keysOf, withKeys } from './host-keys-of-row.js';
import { type HostKeyLine, kept } from './kept-host-key.js';

export interface TakenLines {
  row: RemoteRow;
  taken: HostKeyImport['taken'];
  /** Where the lines stand that were taken. */
  places: string[];
}

/**
 * Takes what a known_hosts file says about one host into the row: one of its keys as the pin, or else its authority;
 * authorities and revoked keys as lines beside it. Nothing said leaves the row as it is.
 */
export const takeKnownHosts = (
  row: RemoteRow,
  hop: string | null,
  target: SshTarget,
  file: KnownHosts,
): TakenLines => {
  const said = file.of(knownHostName(target));
  const lines = said.flatMap((line) =>
    line.marker === null ? [] : [lineOf(line, line.marker, hop)],
  );
  const places = said.flatMap(({ marker, at }) => (marker === null ? [] : [at]));
  const all = new Map([...row.hostKeyLines, ...lines].map((line) => [identityOf(line), line]));
  const next = { ...row, hostKeyLines: [...all.values()] };
  const pin = pinFrom(next, hop, target, said);
  const marked = lines.map(({ marker, type, fingerprint }) => ({
    host: hop,
    marker,
    type,
    fingerprint,
  }));
  if (!pin) return { row: next, taken: marked, places };
  const { type, fingerprint } = pin.key;
  const isAuthority = pin.marker === 'cert-authority';
  return {
    row: withKeys(next, hop, {
      pinned: isAuthority ? { ...kept(pin.key), authority: true } : kept(pin.key),
      offered: null,
    }),
    places: [...places, pin.at],
    taken: isAuthority ? marked : [{ host: hop, marker: null, type, fingerprint }, ...marked],
  };
};

/** Of several keys, the one that is pinned already, the one that the host has shown, or the one that it will be asked for. */
const pinFrom = (
  row: RemoteRow,
  hop: string | null,
  target: SshTarget,
  said: readonly KnownHost[],
): KnownHost | undefined => {
  const revoked = importedLines(row, hop).filter(({ marker }) => marker === 'revoked');
  const good = said.filter(({ key }) => !revoked.some((line) => line.key.blob.equals(key.blob)));
  const plain = good.filter(({ marker }) => marker === null);
  const { pinned, offered } = keysOf(row, hop);
  for (const known of [pinned, offered]) {
    const same = plain.find(({ key }) => key.fingerprint === known?.fingerprint);
    if (same) return same;
  }
  const type = preferredKeyType(
    plain.map(({ key }) => key.type),
    target,
  );
  return (
    plain.find(({ key }) => key.type === type) ??
    good.find(({ marker }) => marker === 'cert-authority')
  );
};

const identityOf = ({ hop, marker, blob }: HostKeyLine): string =>
  JSON.stringify([hop, marker, blob]);

const lineOf = (
  { key }: KnownHost,
  marker: HostKeyLine['marker'],
  hop: string | null,
): HostKeyLine => ({
  hop,
  marker,
  ...kept(key),
});
