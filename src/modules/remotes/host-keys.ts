import { Injectable } from '@nestjs/common';
import { type HostKey, type HostKeyRefusal } from '../../hosts/index.js';
import { Database } from '../../platform/database/index.js';
import { RemoteStates } from './remote-states.js';
import { type RemoteHostKey, untried } from './remote.js';
import { HostKeyNotOffered, RemoteNotFound } from './remotes.errors.js';
import { RemotesRepository } from './storage/remotes.repository.js';

/** The pinned host keys. A key is pinned at first sight (`accept-new`) or by a person; a changed one is never accepted. */
@Injectable()
export class HostKeys {
  constructor(
    private readonly database: Database,
    private readonly remotes: RemotesRepository,
    private readonly states: RemoteStates,
  ) {}

  verify(remoteId: string, { type, fingerprint }: HostKey): Promise<'accept' | HostKeyRefusal> {
    return this.database.transaction(async (tx) => {
      const row = await this.remotes.lock(remoteId, tx);
      if (!row) return { code: 'ssh/host-key-unknown', detail: 'the remote was deleted' };
      if (row.hostKey?.fingerprint === fingerprint) {
        if (row.offeredHostKey) await this.remotes.update(tx, { ...row, offeredHostKey: null });
        return 'accept';
      }
      if (row.hostKey === null && row.hostKeyPolicy === 'accept-new') {
        await this.remotes.update(tx, { ...row, hostKey: { type, fingerprint } });
        return 'accept';
      }
      await this.remotes.update(tx, { ...row, offeredHostKey: { type, fingerprint } });
      return row.hostKey === null
        ? { code: 'ssh/host-key-unknown', detail: `it is ${fingerprint}` }
        : {
            code: 'ssh/host-key-changed',
            detail: `pinned is ${row.hostKey.fingerprint}, offered is ${fingerprint}`,
          };
    });
  }

  async of(
    remoteId: string,
  ): Promise<{ pinned: RemoteHostKey | null; offered: RemoteHostKey | null }> {
    const row = await this.remotes.find(remoteId);
    if (!row) throw new RemoteNotFound(remoteId);
    return { pinned: row.hostKey, offered: row.offeredHostKey ?? row.hostKey };
  }

  /** Pins the offered key; the fingerprint must be the one that the person compared. */
  accept(
    remoteId: string,
    fingerprint: string,
  ): Promise<{ pinned: RemoteHostKey; offered: RemoteHostKey }> {
    return this.database.transaction(async (tx) => {
      const row = await this.remotes.lock(remoteId, tx);
      if (!row) throw new RemoteNotFound(remoteId);
      const key = [row.offeredHostKey, row.hostKey].find((k) => k?.fingerprint === fingerprint);
      if (!key) throw new HostKeyNotOffered(row.name, fingerprint);
      const next = { ...row, hostKey: key, offeredHostKey: null, state: untried() };
      await this.remotes.update(tx, next);
      await this.states.tell(tx, next);
      return { pinned: key, offered: key };
    });
  }
}
