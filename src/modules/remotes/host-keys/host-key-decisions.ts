import { Injectable } from '@nestjs/common';
import { hostKeyName, knownHostName, KnownHosts, type SshTarget } from '../../../hosts/index.js';
import { Database } from '../../../platform/database/index.js';
import { RemoteStates } from '../remote-states.js';
import { type HostKeyImport, type ShownHostKeys, untried } from '../remote.js';
import { HostKeyNotOffered, NoKnownHost, RemoteNotFound } from '../remotes.errors.js';
import { type RemoteRow } from '../storage/remote.entity.js';
import { RemotesRepository } from '../storage/remotes.repository.js';
import { keysOf, shownKeys, withKeys, withoutKeys } from './host-keys-of-row.js';
import { isHardStop, withoutRefusal } from './kept-host-key.js';
import { takeKnownHosts } from './take-known-hosts.js';

/** What persons see of host keys and decide about them. Each decision lets the next use of the remote try again. */
@Injectable()
export class HostKeyDecisions {
  constructor(
    private readonly database: Database,
    private readonly remotes: RemotesRepository,
    private readonly states: RemoteStates,
  ) {}

  async of(remoteId: string): Promise<ShownHostKeys> {
    const row = await this.remotes.find(remoteId);
    if (!row) throw new RemoteNotFound(remoteId);
    return shownKeys(row);
  }

  /** A person asks whether the host shows the right key again: one connection may find out. */
  async lookAgain(remoteId: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const row = await this.remotes.lock(remoteId, tx);
      if (!row) return;
      let next = row;
      for (const hop of [null, ...Object.keys(row.hopKeys)]) {
        const { pinned, offered } = keysOf(row, hop);
        if (offered?.refusal && isHardStop(offered.refusal))
          next = withKeys(next, hop, { pinned, offered: withoutRefusal(offered) });
      }
      if (next !== row) await this.remotes.update(tx, next);
    });
  }

  /** Pins the offered key, or that of a host on the way; the fingerprint must be the one that the person compared. */
  accept(remoteId: string, fingerprint: string): Promise<ShownHostKeys> {
    return this.decide(remoteId, (row) => {
      let next: RemoteRow | null = null;
      for (const hop of [null, ...Object.keys(row.hopKeys)]) {
        const { pinned, offered } = keysOf(row, hop);
        const key = [offered, pinned].find((known) => known?.fingerprint === fingerprint);
        if (key) next = withKeys(next ?? row, hop, { pinned: withoutRefusal(key), offered: null });
      }
      if (!next) throw new HostKeyNotOffered(row.name, fingerprint);
      return next;
    });
  }

  /** Takes what the text of a known_hosts file says about the remote, which `target` reaches, and the hosts on the way. */
  async import(remoteId: string, target: SshTarget, text: string): Promise<HostKeyImport> {
    const file = KnownHosts.parse(text, 'known_hosts');
    const ways: [string | null, SshTarget][] = [
      [null, target],
      ...(target.jumps ?? []).map((jump): [string, SshTarget] => [hostKeyName(jump), jump]),
    ];
    let taken: HostKeyImport['taken'] = [];
    let places: string[] = [];
    const hostKeys = await this.decide(remoteId, (row) => {
      taken = [];
      places = [];
      let next = row;
      for (const [hop, host] of ways) {
        const step = takeKnownHosts(next, hop, host, file);
        next = step.row;
        taken.push(...step.taken);
        places.push(...step.places);
      }
      if (taken.length === 0) {
        throw new NoKnownHost(ways.map(([, host]) => knownHostName(host)));
      }
      return next;
    });
    return {
      taken,
      otherLines: file.size - new Set(places).size,
      unreadableLines: file.unreadable,
      hostKeys,
    };
  }

  /** Forgets all pins and everything imported: the next connection decides as the first one did. */
  forget(remoteId: string): Promise<ShownHostKeys> {
    return this.decide(remoteId, withoutKeys);
  }

  private decide(remoteId: string, change: (row: RemoteRow) => RemoteRow): Promise<ShownHostKeys> {
    return this.database.transaction(async (tx) => {
      const row = await this.remotes.lock(remoteId, tx);
      if (!row) throw new RemoteNotFound(remoteId);
      const next = { ...change(row), state: untried() };
      await this.remotes.update(tx, next);
      await this.states.tell(tx, next);
      return shownKeys(next);
    });
  }
}
