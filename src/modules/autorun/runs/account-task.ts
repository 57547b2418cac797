import { Injectable } from '@nestjs/common';
import { isTransient } from '../../../hosts/transient.js';
import { type Tx } from '../../../platform/database/index.js';
import { DomainError, type Failure } from '../../../platform/errors/index.js';
import { firstSentence, type Turn } from '../../sessions/index.js';
import { type Checklist } from '../checklist.js';
import { type ChecklistChanges, compareChecklists } from '../checklist-changes.js';
import { type RunTaskRow } from '../storage/run-task.entity.js';
import { RunTasksRepository } from '../storage/run-tasks.repository.js';
import { type RunRow } from '../storage/run.entity.js';
import { haltReason, withDocument } from './cursor.js';
import { IDLE_TURNS_UNTIL_STALLED } from './pass-verdict.js';
import { pauseFor } from './pause-for.js';
import { RunFolders } from './run-folders.js';
import { type RunLease } from './run-lease.js';
import { RunRecord } from './run-record.js';
import { type RunPause } from './run.js';

/** The document after the turn; or why it can't be read, when time will not heal that. */
type Aftermath = { checklist: Checklist } | { checklist: null; unreadable: DomainError | null };

/** Takes down what a task's turn has done, and where the run goes from there. */
@Injectable()
export class AccountTask {
  constructor(
    private readonly folders: RunFolders,
    private readonly tasks: RunTasksRepository,
    private readonly record: RunRecord,
  ) {}

  async step(run: RunRow, turn: Turn, lease: RunLease): Promise<void> {
    const after = await this.lookAt(run, turn);
    await lease.write(run, async (tx, row) => {
      const task = await this.tasks.findByTurn(turn.id, tx);
      if (!task) throw new Error(`Run ${row.id} has no task of turn ${turn.id}`);
      const changes = after.checklist && compareChecklists(task.boxes ?? [], after.checklist.tasks);
      await this.tasks.change(tx, task, resultOf(turn, changes));
      await this.record.task(tx, task);
      await this.moveCursor(tx, row, after.checklist, changes);
      await this.moveState(tx, row, turn, after);
    });
  }

  /** A turn that failed is accounted for without a look. So is one of a run that is being stopped, if its host is away. */
  private async lookAt(run: RunRow, turn: Turn): Promise<Aftermath> {
    if (turn.state !== 'completed') return { checklist: null, unreadable: null };
    try {
      return { checklist: await this.folders.checklist(run, run.documentIndex) };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (isTransient(error) && run.state !== 'stopping') throw error;
      return { checklist: null, unreadable: error };
    }
  }

  private async moveCursor(
    tx: Tx,
    row: RunRow,
    checklist: Checklist | null,
    changes: ChecklistChanges | null,
  ): Promise<void> {
    const index = row.documentIndex;
    const idleTurns = changes === null ? row.idleTurns : changes.changed ? 0 : row.idleTurns + 1;
    const stalled = idleTurns >= IDLE_TURNS_UNTIL_STALLED;
    const counts = checklist && { done: checklist.done, open: checklist.open };
    await this.record.progress(tx, row, {
      turnId: null,
      documents: withDocument(row, index, { ...counts, ...(stalled && { stalled }) }),
      idleTurns,
      tickedInPass: row.tickedInPass + (changes?.ticked ?? 0),
    });
    const path = row.documents[index]?.path;
    if (stalled && path !== undefined) await this.record.document(tx, row, path, 'stalled');
  }

  private async moveState(tx: Tx, row: RunRow, turn: Turn, after: Aftermath): Promise<void> {
    if (row.state === 'stopping') {
      await this.record.end(tx, row, 'stopped', row.stopReason ?? 'stopped');
      return;
    }
    if (row.state === 'limited') await this.record.move(tx, row, 'running');
    if (after.checklist?.halt) {
      await this.record.end(tx, row, 'stopped', haltReason(after.checklist.halt));
    } else if (turn.state !== 'completed') {
      await this.record.move(tx, row, 'paused', { pause: turnFailed(turn) });
    } else if (after.checklist === null && after.unreadable) {
      await this.record.move(tx, row, 'paused', { pause: pauseFor(after.unreadable, row.state) });
    }
  }
}

const resultOf = (turn: Turn, changes: ChecklistChanges | null): Partial<RunTaskRow> => {
  const finishedAt = new Date();
  if (turn.state !== 'completed') {
    return { state: 'failed', ticked: 0, success: false, error: failureOf(turn), finishedAt };
  }
  const ticked = changes?.ticked ?? 0;
  return {
    state: ticked > 0 ? 'done' : 'unchanged',
    ticked,
    success: ticked > 0,
    summary: firstSentence(turn.text ?? '') || null,
    finishedAt,
  };
};

/** Never done again by itself: a turn that was lost may have done half of its work. */
const turnFailed = (turn: Turn): RunPause => {
  const failure = failureOf(turn);
  return { reason: 'turn-failed', detail: `${failure.code}: ${failure.message}`, failure };
};

const failureOf = ({ error, state }: Turn): Failure => {
  if (!error) return { code: `turns/${state}`, message: `The turn was ${state}` };
  const { code, message, hint } = error;
  return hint === undefined ? { code, message } : { code, message, hint };
};
