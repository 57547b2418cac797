import { Injectable, Logger } from '@nestjs/common';
import { type CancelProof } from '../../../hosts/index.js';
import { Database } from '../../../platform/database/index.js';
import { DomainError } from '../../../platform/errors/index.js';
import { JobHandler, JobQueue } from '../../../platform/queue/index.js';
import { RemoteHosts } from '../../remotes/index.js';
import { DRIVE_TURN } from '../drive-turn.job.js';
import { STOP_TURN } from '../stop-turn.job.js';
import { type TurnRow } from '../storage/turn.entity.js';
import { TurnsRepository } from '../storage/turns.repository.js';
import { TurnDrive } from './turn-drive.js';

/** Kills what a stopping turn runs. The driver that follows it sees the end and writes it; see `TurnDriver`. */
@Injectable()
export class StopTurnWorker extends JobHandler {
  readonly job = STOP_TURN;
  private readonly log = new Logger(StopTurnWorker.name);
  private readonly underWay = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly turns: TurnsRepository,
    private readonly hosts: RemoteHosts,
    private readonly jobs: JobQueue,
  ) {
    super();
  }

  async handle(turnId: string): Promise<void> {
    if (this.underWay.has(turnId)) return;
    this.underWay.add(turnId);
    try {
      await this.stop(turnId);
    } finally {
      this.underWay.delete(turnId);
    }
  }

  due(): Promise<string[]> {
    return this.turns.stopping();
  }

  private async stop(turnId: string): Promise<void> {
    const row = await this.turns.find(turnId);
    if (row?.state !== 'stopping' || row.stop?.proved !== false) return;
    const proof = await this.kill(row);
    if (!proof) return;
    await this.database.transaction(async (tx) => {
      const now = await this.turns.lock(turnId, tx);
      if (now?.state !== 'stopping' || !now.stop) return;
      const stop =
        proof.kind === 'gone'
          ? { ...now.stop, proved: true }
          : { ...now.stop, stuckPids: proof.pids };
      await this.turns.update(tx, turnId, { stop });
      tx.afterCommit(() => {
        this.jobs.ring(DRIVE_TURN.name, turnId);
      });
    });
  }

  /** Null while its host cannot be asked: the sweep comes back to it. */
  private async kill(row: TurnRow): Promise<CancelProof | null> {
    try {
      const host = await this.hosts.resolve(row.remoteId);
      return await host.runs.cancel(TurnDrive.runKey(row));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.log.debug({ message: 'not stopped yet', turnId: row.id, reason: error.message });
      return null;
    }
  }
}
