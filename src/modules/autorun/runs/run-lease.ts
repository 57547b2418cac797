import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../../platform/database/index.js';
import { Presence } from '../../../platform/queue/index.js';
import { type RunRow } from '../storage/run.entity.js';
import { RunsRepository } from '../storage/runs.repository.js';

const LEASE_MS = 30_000;
const RENEW_MS = 10_000;

/** Another worker has the run: whatever this one was about to write is void. */
export class LeaseLost extends Error {}

/** A command has changed the run's state since it was read: look again and decide anew. */
export class RunMovedOn extends Error {}

/** The right to advance one run. Host work is done outside of transactions; its result is written through this. */
export interface RunLease {
  readonly runId: string;
  /**
   * Writes in a transaction, with the row as it is now, locked.
   * @throws {LeaseLost} when the run is another's
   * @throws {RunMovedOn} when its state is no longer the one that `seen` had
   */
  write<T>(seen: RunRow, work: (tx: Tx, row: RunRow) => Promise<T>): Promise<T>;
  /** Lets the sweep leave the run alone for a while. */
  retryAfter(delayMs: number): Promise<void>;
}

@Injectable()
export class RunLeases {
  constructor(
    private readonly database: Database,
    private readonly runs: RunsRepository,
    private readonly presence: Presence,
  ) {}

  /** Gives back the runs that workers held when they died. */
  freeOrphans(): Promise<void> {
    return this.presence.freeOrphans('runs');
  }

  /** Does `work` while holding the run; does nothing when another worker holds it, or nothing can be due. */
  async hold(runId: string, work: (lease: RunLease) => Promise<void>): Promise<void> {
    const fence = await this.runs.claim(runId, await this.presence.number(), LEASE_MS);
    if (fence === null) return;
    const renewal = setInterval(() => {
      // A renewal that fails costs the lease, which the next write will find out.
      this.runs.renew(runId, fence, LEASE_MS).catch(() => undefined);
    }, RENEW_MS);
    try {
      await work({
        runId,
        write: (seen, writing) =>
          this.database.transaction(async (tx) => {
            const row = await this.runs.lock(runId, tx);
            if (row?.fence !== fence) throw new LeaseLost();
            if (row.state !== seen.state) throw new RunMovedOn();
            return writing(tx, row);
          }),
        retryAfter: (delayMs) => this.runs.retryAfter(runId, fence, delayMs),
      });
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
    } finally {
      clearInterval(renewal);
      await this.runs.release(runId, fence);
    }
  }
}
