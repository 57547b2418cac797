import { type KnownHost, type PublicKey } from '../../../hosts/index.js';
import { type ShownHostKey, type ShownHostKeys } from '../remote.js';
import { type RemoteRow } from '../storage/remote.entity.js';
import { type KeptHostKeys, shownKey } from './kept-host-key.js';

/** @param hop `host:port` of a host on the way; null for the remote itself. */
export const keysOf = (row: RemoteRow, hop: string | null): KeptHostKeys =>
  hop === null
    ? { pinned: row.hostKey, offered: row.offeredHostKey }
    : (row.hopKeys[hop] ?? { pinned: null, offered: null });

export const withKeys = (row: RemoteRow, hop: string | null, keys: KeptHostKeys): RemoteRow =>
  hop === null
    ? { ...row, hostKey: keys.pinned, offeredHostKey: keys.offered }
    : { ...row, hopKeys: { ...row.hopKeys, [hop]: keys } };

/** The fields that say which machine a remote is. */
export type AddressOfRemote = Pick<RemoteRow, 'id' | 'host' | 'port' | 'useSshConfig'>;

export const isMoved = (before: AddressOfRemote, now: AddressOfRemote): boolean =>
  before.host !== now.host || before.port !== now.port || before.useSshConfig !== now.useSshConfig;

/** As if nobody had ever connected. */
export const withoutKeys = (row: RemoteRow): RemoteRow => ({
  ...row,
  hostKey: null,
  offeredHostKey: null,
  hopKeys: {},
  hostKeyLines: [],
});

/** The imported lines about one host, as a known_hosts file would have them. */
export const importedLines = (row: RemoteRow, hop: string | null): KnownHost[] =>
  row.hostKeyLines
    .filter((line) => line.hop === hop)
    .map(({ marker, type, fingerprint, blob }) => ({
      marker,
      at: 'an imported line',
      key: {
        type,
        fingerprint: fingerprint as PublicKey['fingerprint'],
        blob: Buffer.from(blob, 'base64'),
      },
    }));

export const shownKeys = (row: RemoteRow): ShownHostKeys => ({
  ...shown(keysOf(row, null)),
  hops: Object.entries(row.hopKeys).map(([host, keys]) => ({ host, ...shown(keys) })),
  imported: row.hostKeyLines.map(({ hop, marker, type, fingerprint }) => ({
    host: hop,
    marker,
    type,
    fingerprint,
  })),
});

const shown = ({ pinned, offered }: KeptHostKeys): ShownHostKey => {
  const last = offered ?? pinned;
  return { pinned: pinned && shownKey(pinned), offered: last && shownKey(last) };
};
