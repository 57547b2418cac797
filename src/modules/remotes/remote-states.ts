import { isDeepStrictEqual } from 'node:util';
import { Injectable, Logger } from '@nestjs/common';
import { type PoolState } from '../../hosts/index.js';
import { Database, type Tx } from '../../platform/database/index.js';
import { EventLog } from '../../platform/events/index.js';
import { Presence } from '../../platform/queue/index.js';
import { isSameState, mergedState, needsPerson } from './merged-state.js';
import { type RemoteState, type SeenState, untried } from './remote.js';
import { RemoteReportsRepository } from './storage/remote-reports.repository.js';
import { type RemoteRow } from './storage/remote.entity.js';
import { RemotesRepository, toRemote } from './storage/remotes.repository.js';

/** In these states work may be tried. */
const USABLE: ReadonlySet<RemoteState['status']> = new Set(['unknown', 'online', 'degraded']);
const CONNECTED: ReadonlySet<RemoteState['status']> = new Set(['online', 'degraded']);

/**
 * Keeps the live state of remotes in their rows, and tells it to the remote's stream. Each process reports what it sees;
 * the state follows from the reports of all that live.
 */
@Injectable()
export class RemoteStates {
  private readonly log = new Logger(RemoteStates.name);
  /** The report of each remote that is being written last: they are kept in the order in which they came. */
  private readonly reports = new Map<string, Promise<void>>();
  /** What this process has reported. */
  private readonly said = new Map<string, SeenState>();
  private readonly listeners: ((remoteId: string) => void)[] = [];

  constructor(
    private readonly database: Database,
    private readonly remotes: RemotesRepository,
    private readonly events: EventLog,
    private readonly presence: Presence,
    private readonly rows: RemoteReportsRepository,
  ) {}

  /** What the connections of this process say. Never throws: the state is a view, the work does not depend on it. */
  report(remoteId: string, seen: PoolState): Promise<void> {
    const { status, ...rest } = seen;
    if (status === 'unused') return this.withdraw(remoteId);
    this.said.set(remoteId, { status, ...rest });
    return this.write(remoteId);
  }

  /** This process has nothing to say of the remote any more. */
  withdraw(remoteId: string): Promise<void> {
    return this.said.delete(remoteId) ? this.write(remoteId) : this.settled(remoteId);
  }

  /** What was said of a connection that could not be made is to be found out anew. */
  retract(remoteId: string): void {
    const said = this.said.get(remoteId);
    if (said && !CONNECTED.has(said.status)) this.said.delete(remoteId);
  }

  /** Nobody needs the remote any more. What it was found to be counts while it is connected, or waits for a person. */
  async rest(remoteId: string): Promise<boolean> {
    const said = this.said.get(remoteId);
    if (!said || CONNECTED.has(said.status) || needsPerson(said)) return false;
    await this.withdraw(remoteId);
    return true;
  }

  /** What was said is of settings that have changed. */
  unsay(remoteId: string): void {
    this.said.delete(remoteId);
  }

  /** Says again what others have removed, who took this process for dead. */
  repeat(remoteId: string): Promise<void> {
    return this.said.has(remoteId) ? this.write(remoteId) : this.settled(remoteId);
  }

  /** Resolves when everything that was reported is kept. */
  settled(remoteId: string): Promise<void> {
    return this.reports.get(remoteId) ?? Promise.resolve();
  }

  /** A person asks again about a remote that waited for one: nothing is known of it until it was tried. */
  async askAgain(remoteId: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const row = await this.remotes.lock(remoteId, tx);
      if (!row || !needsPerson(row.state)) return;
      row.state = untried();
      await this.remotes.update(tx, row);
      await this.tell(tx, row);
    });
  }

  /**
   * Drops what processes have reported that are gone. Answers with the remotes that nobody else has to do with: this
   * process reports to connect to them from now on. Remotes that wait for a person go on doing so.
   */
  async takeOver(): Promise<string[]> {
    const worker = await this.presence.number();
    const living = [...(await this.presence.living()), worker];
    const taken: string[] = [];
    for (const remoteId of await this.rows.orphaned(living)) {
      const isMine = await this.database.transaction(async (tx) => {
        const row = await this.remotes.lock(remoteId, tx);
        if (!row) return false;
        await this.rows.removeOrphans(tx, remoteId, living);
        const reports = await this.rows.of(remoteId, tx);
        const [isInUse] = await this.remotes.usedLately([remoteId], tx);
        const adopts = row.enabled && isInUse && reports.length === 0 && !needsPerson(row.state);
        if (adopts) await this.rows.put(tx, remoteId, worker, CONNECTING);
        await this.follow(tx, row);
        return adopts;
      });
      if (!isMine) continue;
      this.said.set(remoteId, CONNECTING);
      taken.push(remoteId);
    }
    return taken;
  }

  /** `listener` is told in this process when it has found that a remote may be used again. */
  whenUsable(listener: (remoteId: string) => void): void {
    this.listeners.push(listener);
  }

  /** `remote.state` on the remote's own stream and on `server`, for those who watch all. */
  async tell(tx: Tx, row: RemoteRow): Promise<void> {
    const { id, name, state } = toRemote(row);
    // What was seen before a person has changed something says nothing any more.
    if (row.state.status === 'unknown') await this.rows.removeAll(tx, id);
    await this.events.append(tx, `remote:${id}`, 'remote.state', { remoteId: id, name, state });
    await this.events.append(tx, 'server', 'remote.state', { remoteId: id, name, state });
    if (!USABLE.has(state.status)) return;
    tx.afterCommit(() => {
      for (const listener of this.listeners) listener(id);
    });
  }

  private write(remoteId: string): Promise<void> {
    const report = this.settled(remoteId)
      .then(() => this.keep(remoteId))
      .finally(() => {
        if (this.reports.get(remoteId) === report) this.reports.delete(remoteId);
      });
    this.reports.set(remoteId, report);
    return report;
  }

  private async keep(remoteId: string, seen = this.said.get(remoteId)): Promise<void> {
    try {
      const worker = await this.presence.number();
      await this.database.transaction(async (tx) => {
        const row = await this.remotes.lock(remoteId, tx);
        if (!row?.enabled) return;
        if (seen) await this.rows.put(tx, remoteId, worker, seen);
        else await this.rows.remove(tx, remoteId, worker);
        await this.follow(tx, row);
      });
    } catch (error) {
      this.log.warn({ message: 'state of a remote not kept', remoteId, reason: String(error) });
    }
  }

  private async follow(tx: Tx, row: RemoteRow): Promise<void> {
    const state = mergedState(await this.rows.of(row.id, tx), row.state);
    if (isDeepStrictEqual(state, row.state)) return;
    const next = { ...row, state };
    await this.remotes.update(tx, next);
    if (!isSameState(state, row.state)) await this.tell(tx, next);
  }
}

const CONNECTING: SeenState = {
  status: 'connecting',
  latencyMs: null,
  transport: null,
  transportReasons: [],
  error: null,
};
