import { Injectable } from '@nestjs/common';
import { type Turn, TurnsService } from '../../sessions/index.js';
import { type RunRow } from '../storage/run.entity.js';
import { type RunLease } from './run-lease.js';
import { RunRecord } from './run-record.js';

type Waiting = Pick<RunRow, 'state' | 'stopReason'>;
type Awaited = Pick<Turn, 'state'>;

/** What a run does while its turn has not ended. */
@Injectable()
export class WatchTurn {
  constructor(
    private readonly turns: TurnsService,
    private readonly record: RunRecord,
  ) {}

  async step(run: RunRow, turn: Turn, lease: RunLease): Promise<void> {
    if (mustCancel(run, turn)) {
      await this.turns.cancel(turn.id);
    } else if (run.state === 'running' && turn.state === 'limited') {
      await lease.write(run, (tx, row) => this.record.move(tx, row, 'limited'));
    } else if (run.state === 'limited' && turn.state !== 'limited') {
      await lease.write(run, (tx, row) => this.record.move(tx, row, 'running'));
    }
  }
}

/** A stop waits for a turn that runs, not for one that has not begun or waits for a limit. */
export const mustCancel = (run: Waiting, turn: Awaited): boolean =>
  run.state === 'stopping' &&
  turn.state !== 'stopping' &&
  (run.stopReason !== 'stopped' || turn.state === 'queued' || turn.state === 'limited');

/** Whether the run has something to do about a turn that has not ended. */
export const isBehind = (run: Waiting, turn: Awaited): boolean =>
  mustCancel(run, turn) ||
  (run.state === 'running' && turn.state === 'limited') ||
  (run.state === 'limited' && turn.state !== 'limited');
