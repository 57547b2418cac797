import { Injectable } from '@nestjs/common';
import { type DomainError } from '../../../platform/errors/index.js';
import { hasEnded, TurnsService } from '../../sessions/index.js';
import { type RunRow } from '../storage/run.entity.js';
import { AccountTask } from './account-task.js';
import { NextTask } from './next-task.js';
import { pauseFor } from './pause-for.js';
import { PrepareRun } from './prepare-run.js';
import { type RunLease, RunMovedOn } from './run-lease.js';
import { RunRecord } from './run-record.js';
import { SurveyDocuments } from './survey-documents.js';
import { WatchTurn } from './watch-turn.js';

/** Which step is due, by the state and the cursor of the run. `wait`: nothing, until a bell rings. */
@Injectable()
export class AdvanceSteps {
  constructor(
    private readonly turns: TurnsService,
    private readonly prepare: PrepareRun,
    private readonly survey: SurveyDocuments,
    private readonly next: NextTask,
    private readonly watch: WatchTurn,
    private readonly account: AccountTask,
    private readonly record: RunRecord,
  ) {}

  async advance(run: RunRow, lease: RunLease): Promise<'again' | 'wait'> {
    switch (run.state) {
      case 'queued':
        await this.prepare.prepare(run, lease);
        return 'again';
      case 'running':
      case 'limited':
      case 'stopping':
        return run.turnId === null
          ? this.withoutTurn(run, lease)
          : this.withTurn(run, run.turnId, lease);
      case 'paused':
      case 'completed':
      case 'failed':
      case 'stopped':
        return 'wait';
    }
  }

  /** Something refused for good: a person must see to it. */
  async refused(run: RunRow, error: DomainError, lease: RunLease): Promise<'again' | 'wait'> {
    try {
      await lease.write(run, (tx, row) =>
        row.state === 'stopping'
          ? this.record.end(tx, row, 'stopped', row.stopReason ?? 'stopped')
          : this.record.move(tx, row, 'paused', {
              pause: pauseFor(error, row.state),
              turnId: null,
            }),
      );
      return 'wait';
    } catch (moved) {
      if (moved instanceof RunMovedOn) return 'again';
      throw moved;
    }
  }

  private async withTurn(run: RunRow, turnId: string, lease: RunLease): Promise<'again' | 'wait'> {
    const turn = await this.turns.get(turnId);
    if (hasEnded(turn)) {
      await this.account.step(run, turn, lease);
      return 'again';
    }
    await this.watch.step(run, turn, lease);
    return 'wait';
  }

  private async withoutTurn(run: RunRow, lease: RunLease): Promise<'again'> {
    if (run.state === 'stopping') {
      await lease.write(run, (tx, row) =>
        this.record.end(tx, row, 'stopped', row.stopReason ?? 'stopped'),
      );
    } else if (run.surveyedLoop < run.loop) {
      await this.survey.step(run, lease);
    } else {
      await this.next.step(run, lease);
    }
    return 'again';
  }
}
