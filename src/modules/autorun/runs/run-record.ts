import { Injectable } from '@nestjs/common';
import { type Tx } from '../../../platform/database/index.js';
import { EventLog } from '../../../platform/events/index.js';
import { type RunTaskRow } from '../storage/run-task.entity.js';
import { toRunTask } from '../storage/run-tasks.repository.js';
import { type RunRow } from '../storage/run.entity.js';
import { RunsRepository } from '../storage/runs.repository.js';
import { currentDocument, progressOf } from './run-progress.js';
import { requireTransition, runHasEnded } from './run-state.js';
import { type RunState, runStream } from './run.js';

type Change = Partial<Omit<RunRow, 'id' | 'state' | 'fence' | 'leaseUntil'>>;

/** Writes what becomes of a run: the locked row and the event that tells it, in one transaction. */
@Injectable()
export class RunRecord {
  constructor(
    private readonly runs: RunsRepository,
    private readonly events: EventLog,
  ) {}

  async move(tx: Tx, row: RunRow, state: RunState, change: Change = {}): Promise<void> {
    requireTransition(row.state, state);
    await this.runs.change(tx, row, {
      pause: null,
      ...change,
      state,
      ...(runHasEnded({ state }) && { finishedAt: new Date(), stopReason: null }),
    });
    await this.tellState(tx, row);
  }

  /** Ends the run; `endReason` says why for good. */
  end(
    tx: Tx,
    row: RunRow,
    state: 'completed' | 'failed' | 'stopped',
    endReason: string,
  ): Promise<void> {
    return this.move(tx, row, state, { endReason, turnId: null });
  }

  async progress(tx: Tx, row: RunRow, change: Change): Promise<void> {
    await this.runs.change(tx, row, change);
    await this.events.append(tx, runStream(row.id), 'run.progress', {
      runId: row.id,
      loop: row.loop,
      document: currentDocument(row),
      progress: progressOf(row),
    });
  }

  async task(tx: Tx, task: RunTaskRow): Promise<void> {
    await this.events.append(tx, runStream(task.runId), 'run.task', {
      runId: task.runId,
      task: toRunTask(task),
    });
  }

  async document(
    tx: Tx,
    row: RunRow,
    path: string,
    what: 'copied' | 'stalled' | 'skipped',
  ): Promise<void> {
    await this.events.append(tx, runStream(row.id), 'run.document', {
      runId: row.id,
      loop: row.loop,
      document: path,
      what,
    });
  }

  async tellState(tx: Tx, row: RunRow): Promise<void> {
    await this.events.append(tx, runStream(row.id), 'run.state', {
      runId: row.id,
      state: row.state,
      pause: row.pause,
      endReason: row.endReason,
    });
  }
}
