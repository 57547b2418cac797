import { Injectable } from '@nestjs/common';
import { isTransient } from '../../../hosts/transient.js';
import { DomainError } from '../../../platform/errors/index.js';
import { JobHandler, JobQueue } from '../../../platform/queue/index.js';
import { hasEnded, TurnsService } from '../../sessions/index.js';
import { type RunRow } from '../storage/run.entity.js';
import { RunsRepository } from '../storage/runs.repository.js';
import { AdvanceSteps } from './advance-steps.js';
import { ADVANCE_RUN } from './advance-run.job.js';
import { LeaseLost, type RunLease, RunLeases, RunMovedOn } from './run-lease.js';
import { isBehind } from './watch-turn.js';

/** A host that is away is asked again after this time. */
const RETRY_MS = 5_000;
/** After a bug, not every two seconds. */
const BUG_RETRY_MS = 30_000;

/** Takes a run as far as it goes, step by step, until it waits for a turn, a person or a host. */
@Injectable()
export class AdvanceRun extends JobHandler {
  readonly job = ADVANCE_RUN;

  constructor(
    private readonly leases: RunLeases,
    private readonly runs: RunsRepository,
    private readonly turns: TurnsService,
    private readonly steps: AdvanceSteps,
    private readonly jobs: JobQueue,
  ) {
    super();
  }

  async handle(id: string): Promise<void> {
    await this.leases.hold(id, async (lease) => {
      while ((await this.step(lease)) === 'again');
    });
  }

  async due(): Promise<string[]> {
    await this.leases.freeOrphans();
    const idle = await this.runs.idle();
    const turnIds = idle.flatMap(({ turnId }) => (turnId === null ? [] : [turnId]));
    const turns = new Map((await this.turns.find(turnIds)).map((turn) => [turn.id, turn]));
    return idle
      .filter((run) => {
        const turn = run.turnId === null ? undefined : turns.get(run.turnId);
        return !turn || hasEnded(turn) || isBehind(run, turn);
      })
      .map(({ id }) => id);
  }

  private async step(lease: RunLease): Promise<'again' | 'wait'> {
    const run = await this.runs.find(lease.runId);
    if (!run) return 'wait';
    try {
      return await this.steps.advance(run, lease);
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      if (error instanceof RunMovedOn) return 'again';
      return this.giveWay(run, lease, error);
    }
  }

  private async giveWay(run: RunRow, lease: RunLease, error: unknown): Promise<'again' | 'wait'> {
    if (isTransient(error)) {
      await lease.retryAfter(RETRY_MS);
      this.jobs.ring(ADVANCE_RUN.name, run.id, RETRY_MS);
      return 'wait';
    }
    if (error instanceof DomainError) return this.steps.refused(run, error, lease);
    await lease.retryAfter(BUG_RETRY_MS);
    throw error;
  }
}
