import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../../platform/database/index.js';
import { JobQueue } from '../../../platform/queue/index.js';
import { TurnsService } from '../../sessions/index.js';
import { RunConflict, RunNotFound } from '../autorun.errors.js';
import { type RunRow } from '../storage/run.entity.js';
import { RunsRepository } from '../storage/runs.repository.js';
import { ADVANCE_RUN } from './advance-run.job.js';
import { withDocument } from './cursor.js';
import { RunRecord } from './run-record.js';
import { judgeCommand, type RunCommand, STOP_REASONS, type StopReason } from './run-state.js';
import { type RunState } from './run.js';

/** What people tell a run to do. Each command names a run, and may name the state that it is meant for. */
@Injectable()
export class ControlRun {
  constructor(
    private readonly database: Database,
    private readonly runs: RunsRepository,
    private readonly turns: TurnsService,
    private readonly record: RunRecord,
    private readonly jobs: JobQueue,
  ) {}

  /** Safe to repeat. @throws {RunConflict} when it makes no sense, or the state is not the expected one */
  async tell(id: string, command: RunCommand, expectedState?: RunState): Promise<RunRow> {
    const run = await this.database.transaction(async (tx) => {
      const row = await this.runs.lock(id, tx);
      if (!row) throw new RunNotFound(id);
      if (expectedState !== undefined && row.state !== expectedState) {
        throw new RunConflict(id, row.state, command);
      }
      const verdict = judgeCommand(command, row.state);
      if (verdict === 'conflict') throw new RunConflict(id, row.state, command);
      if (verdict === 'do') await this.obey(tx, row, command);
      tx.afterCommit(() => {
        this.jobs.ring(ADVANCE_RUN.name, id);
      });
      return row;
    });
    // At once, for a worker may be waiting for the run's host. If it gets lost here, the sweep does it.
    if (run.state === 'stopping' && run.stopReason !== 'stopped' && run.turnId !== null) {
      await this.turns.cancel(run.turnId);
    }
    return run;
  }

  private obey(tx: Tx, row: RunRow, command: RunCommand): Promise<void> {
    switch (command) {
      case 'resume':
        return this.goOn(tx, row);
      case 'skip':
        return this.skip(tx, row);
      case 'stop':
      case 'kill':
      case 'abort':
        return this.stop(tx, row, STOP_REASONS[command]);
    }
  }

  /** A run that was not prepared when it was paused is prepared again. */
  private goOn(tx: Tx, row: RunRow): Promise<void> {
    return this.record.move(tx, row, row.folder === null ? 'queued' : 'running', { idleTurns: 0 });
  }

  private async skip(tx: Tx, row: RunRow): Promise<void> {
    const document = row.documents[row.documentIndex];
    await this.runs.change(tx, row, {
      documents: withDocument(row, row.documentIndex, { skipped: true }),
    });
    await this.goOn(tx, row);
    if (document) await this.record.document(tx, row, document.path, 'skipped');
  }

  private async stop(tx: Tx, row: RunRow, stopReason: StopReason): Promise<void> {
    if (row.turnId === null) await this.record.end(tx, row, 'stopped', stopReason);
    else if (row.state === 'stopping') await this.runs.change(tx, row, { stopReason });
    else await this.record.move(tx, row, 'stopping', { stopReason });
  }
}
