import { Injectable, Logger } from '@nestjs/common';
import { Database, type Tx } from '../../platform/database/index.js';
import { EventLog } from '../../platform/events/index.js';
import { type RemoteState } from './remote.js';
import { type RemoteRow } from './storage/remote.entity.js';
import { RemotesRepository, toRemote } from './storage/remotes.repository.js';

/** Keeps the live state of remotes in their rows, and tells it to the remote's stream. */
@Injectable()
export class RemoteStates {
  private readonly log = new Logger(RemoteStates.name);
  /** The report of each remote that is being written last: they are kept in the order in which they came. */
  private readonly reports = new Map<string, Promise<void>>();

  constructor(
    private readonly database: Database,
    private readonly remotes: RemotesRepository,
    private readonly events: EventLog,
  ) {}

  /** What the connections of this process say. Never throws: the state is a view, the work does not depend on it. */
  report(remoteId: string, seen: Omit<RemoteState, 'since'>): Promise<void> {
    const report = this.settled(remoteId)
      .then(() => this.keep(remoteId, seen))
      .finally(() => {
        if (this.reports.get(remoteId) === report) this.reports.delete(remoteId);
      });
    this.reports.set(remoteId, report);
    return report;
  }

  /** Resolves when everything that was reported is kept. */
  settled(remoteId: string): Promise<void> {
    return this.reports.get(remoteId) ?? Promise.resolve();
  }

  private async keep(remoteId: string, seen: Omit<RemoteState, 'since'>): Promise<void> {
    try {
      await this.database.transaction(async (tx) => {
        const row = await this.remotes.lock(remoteId, tx);
        if (!row) return;
        const since = row.state.status === seen.status ? row.state.since : new Date().toISOString();
        row.state = { ...seen, since };
        await this.remotes.update(tx, row);
        await this.tell(tx, row);
      });
    } catch (error) {
      this.log.warn({ message: 'state of a remote not kept', remoteId, reason: String(error) });
    }
  }

  /** `remote.state` on the remote's own stream and on `server`, for those who watch all. */
  async tell(tx: Tx, row: RemoteRow): Promise<void> {
    const { id, name, state } = toRemote(row);
    await this.events.append(tx, `remote:${id}`, 'remote.state', { remoteId: id, name, state });
    await this.events.append(tx, 'server', 'remote.state', { remoteId: id, name, state });
  }
}
