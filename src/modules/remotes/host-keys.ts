import { Injectable } from '@nestjs/common';
import { type HostKey, type HostKeyRefusal } from '../../hosts/index.js';
import { Database } from '../../platform/database/index.js';
import { RemoteStates } from './remote-states.js';
import { type ShownHostKey, type ShownHostKeys, untried } from './remote.js';
import { HostKeyNotOffered, RemoteNotFound } from './remotes.errors.js';
import { type RemoteRow } from './storage/remote.entity.js';
import { RemotesRepository } from './storage/remotes.repository.js';

/**
 * The pinned host keys of remotes and, apart from each other, of the hosts on the way to them. A key is pinned at first
 * sight (`accept-new`) or by a person; a changed one is never accepted.
 */
@Injectable()
export class HostKeys {
  constructor(
    private readonly database: Database,
    private readonly remotes: RemotesRepository,
    private readonly states: RemoteStates,
  ) {}

  /** @param hop `host:port` of a host on the way; null for the remote itself. */
  verify(
    remoteId: string,
    { type, fingerprint }: HostKey,
    hop: string | null,
  ): Promise<'accept' | HostKeyRefusal> {
    return this.database.transaction(async (tx) => {
      const row = await this.remotes.lock(remoteId, tx);
      if (!row) return { code: 'ssh/host-key-unknown', detail: 'the remote was deleted' };
      const { pinned, offered } = keysOf(row, hop);
      const shown = { type, fingerprint };
      if (pinned?.fingerprint === fingerprint) {
        if (offered) await this.remotes.update(tx, withKeys(row, hop, { pinned, offered: null }));
        return 'accept';
      }
      if (pinned === null && row.hostKeyPolicy === 'accept-new') {
        await this.remotes.update(tx, withKeys(row, hop, { pinned: shown, offered }));
        return 'accept';
      }
      await this.remotes.update(tx, withKeys(row, hop, { pinned, offered: shown }));
      return pinned === null
        ? { code: 'ssh/host-key-unknown', detail: `it is ${fingerprint}` }
        : {
            code: 'ssh/host-key-changed',
            detail: `pinned is ${pinned.fingerprint}, offered is ${fingerprint}`,
          };
    });
  }

  async of(remoteId: string): Promise<ShownHostKeys> {
    const row = await this.remotes.find(remoteId);
    if (!row) throw new RemoteNotFound(remoteId);
    return shownKeys(row);
  }

  /** Pins the offered key, or that of a host on the way; the fingerprint must be the one that the person compared. */
  accept(remoteId: string, fingerprint: string): Promise<ShownHostKeys> {
    return this.database.transaction(async (tx) => {
      const row = await this.remotes.lock(remoteId, tx);
      if (!row) throw new RemoteNotFound(remoteId);
      let next: RemoteRow | null = null;
      for (const hop of [null, ...Object.keys(row.hopKeys)]) {
        const { pinned, offered } = keysOf(row, hop);
        const key = [offered, pinned].find((known) => known?.fingerprint === fingerprint);
        if (key) next = withKeys(next ?? row, hop, { pinned: key, offered: null });
      }
      if (!next) throw new HostKeyNotOffered(row.name, fingerprint);
      next.state = untried();
      await this.remotes.update(tx, next);
      await this.states.tell(tx, next);
      return shownKeys(next);
    });
  }
}

const keysOf = (row: RemoteRow, hop: string | null): ShownHostKey =>
  hop === null
    ? { pinned: row.hostKey, offered: row.offeredHostKey }
    : (row.hopKeys[hop] ?? { pinned: null, offered: null });

const withKeys = (row: RemoteRow, hop: string | null, keys: ShownHostKey): RemoteRow =>
  hop === null
    ? { ...row, hostKey: keys.pinned, offeredHostKey: keys.offered }
    : { ...row, hopKeys: { ...row.hopKeys, [hop]: keys } };

const shownKeys = (row: RemoteRow): ShownHostKeys => ({
  ...shown(keysOf(row, null)),
  hops: Object.entries(row.hopKeys).map(([host, keys]) => ({ host, ...shown(keys) })),
});

const shown = ({ pinned, offered }: ShownHostKey): ShownHostKey => ({
  pinned,
  offered: offered ?? pinned,
});
