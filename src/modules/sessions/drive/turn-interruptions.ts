import { Injectable, Logger } from '@nestjs/common';
import { type Host, isTransient, type RunVerdict } from '../../../hosts/index.js';
import { DomainError } from '../../../platform/errors/index.js';
import { RemoteDisabled } from '../../remotes/index.js';
import { TurnClaims } from '../storage/turn-claims.js';
import { type TurnRow } from '../storage/turn.entity.js';
import { TurnsRepository } from '../storage/turns.repository.js';
import { TurnDrive } from './turn-drive.js';
import { postponed, refused } from './turn-ending.js';
import { InputRefused } from './turn-input.js';
import { TurnLedger } from './turn-ledger.js';
import { type TurnPlan } from './turn-plan.js';
import { TurnPlanner } from './turn-planner.js';
import { type TurnRecorder, TurnTaken } from './turn-recorder.js';

/** A host that cannot be used now is asked again after this. */
const RETRY_MS = 5_000;
/** A turn whose host is away is tried again after at least this, unless the host is seen before. */
const WAIT_MS = 15_000;

/** A turn that this process drives, as far as it has come. */
export interface Attempt {
  recorder: TurnRecorder;
  row: TurnRow;
  begun: boolean;
  signal: AbortSignal;
  plan: TurnPlan | null;
  drive: TurnDrive | null;
}

/** Another turn writes in the directory that this one was about to write in under another name. */
export class TreeTaken extends Error {
  constructor(readonly workingTree: string) {
    super('Another turn writes there');
  }
}

/** What becomes of a turn whose drive was left before its end: it waits, goes on, or ends when that can be proved. */
@Injectable()
export class TurnInterruptions {
  private readonly log = new Logger(TurnInterruptions.name);

  constructor(
    private readonly claims: TurnClaims,
    private readonly planner: TurnPlanner,
    private readonly ledger: TurnLedger,
    private readonly rows: TurnsRepository,
  ) {}

  /** Never throws: the reason is for people to read, the work does not depend on it. */
  async unheard(recorder: TurnRecorder, turnId: string, reason: unknown): Promise<void> {
    try {
      await this.ledger.unheard(recorder, reason);
    } catch (error) {
      this.log.debug({ message: 'outage not recorded', turnId, reason: String(error) });
    }
  }

  /** A turn that was stopped, or whose supervisor died, has ended only when none of its processes is left. */
  async nothingLeft(row: TurnRow, verdict: RunVerdict, host: Host): Promise<boolean> {
    const stop = (await this.rows.find(row.id))?.stop;
    const orphaned = verdict.kind === 'lost' && verdict.cause === 'orphaned';
    return (stop?.proved !== false && !orphaned) || this.isGone(row, host);
  }

  /** Ends what runs of the turn. When something will not go, the turn is given back. */
  private async isGone(row: TurnRow, host: Host): Promise<boolean> {
    const proof = await host.runs.cancel(TurnDrive.runKey(row));
    if (proof.kind === 'gone') return true;
    this.log.warn({ message: 'processes of a turn will not go', turnId: row.id, pids: proof.pids });
    await this.claims.release([{ turnId: row.id, fence: row.fence }], RETRY_MS);
    return false;
  }

  async settle(error: unknown, attempt: Attempt): Promise<void> {
    const { recorder, row, begun, signal, drive } = attempt;
    const mayHaveStarted = drive?.mayHaveStarted ?? !begun;
    try {
      if (error instanceof TurnTaken) return;
      if (!mayHaveStarted && error instanceof TreeTaken) {
        const { workingTree } = error;
        await this.ledger.ended(
          recorder,
          row,
          (current) => ({ ...postponed(current, null, 0), workingTree }),
          null,
        );
        return;
      }
      if (!mayHaveStarted && (signal.aborted || error instanceof DomainError)) {
        await this.ledger.ended(
          recorder,
          row,
          (current) =>
            signal.aborted
              ? postponed(current, null, 0)
              : mayHeal(error)
                ? postponed(current, error, WAIT_MS * (1 + Math.random()))
                : refused(error, current),
          drive?.hasPutFiles ? { attempt: row.attempts, fence: false } : null,
        );
        return;
      }
      if (signal.aborted) {
        await recorder.flush();
        await this.claims.release([{ turnId: row.id, fence: row.fence }], 0);
        return;
      }
      const reason = error instanceof InputRefused ? error.refusal : error;
      if (error instanceof InputRefused) {
        if (await this.cutOff(reason, attempt)) return;
      } else if (!mayHeal(error) && (await this.givenUp(error, attempt))) return;
      if (reason instanceof DomainError && row.waiting?.code !== reason.code) {
        await this.unheard(recorder, row.id, reason);
      }
      if (!(reason instanceof DomainError || reason instanceof TreeTaken)) {
        this.log.error({
          message: 'turn interrupted',
          turnId: row.id,
          reason: reason instanceof Error ? reason.stack : String(reason),
        });
      }
      await this.claims.release([{ turnId: row.id, fence: row.fence }], RETRY_MS);
    } catch (failure) {
      // The database is away: the lease runs out and the turn is taken again.
      if (!(failure instanceof TurnTaken)) {
        this.log.warn({
          message: 'turn left to its lease',
          turnId: row.id,
          reason: String(failure),
        });
      }
    }
  }

  /** Ends a turn whose agent waits for what it will never get; false while its host cannot be told. */
  private async cutOff(refusal: unknown, attempt: Attempt): Promise<boolean> {
    const { recorder, row, plan, drive } = attempt;
    if (!plan || !drive) return false;
    try {
      if (!(await this.isGone(row, plan.host))) return true;
    } catch (error) {
      if (error instanceof DomainError) return false;
      throw error;
    }
    await this.ledger.ended(recorder, row, (current) => refused(refusal, current), {
      attempt: row.attempts,
      fence: drive.startMayBeUnderWay,
    });
    return true;
  }

  /**
   * Ends a turn that can neither be planned nor started any more, if its host says that it was never begun, or nothing of
   * it runs and it was told to stop. One that its host had taken needs no start: from now on it is only followed. False
   * when it is to be tried again, or its host cannot be asked.
   */
  private async givenUp(refusal: unknown, attempt: Attempt): Promise<boolean> {
    const { recorder, row, plan } = attempt;
    try {
      const host = plan?.host ?? (await this.planner.hostOf(row));
      const verdict = await host.runs.status(TurnDrive.runKey(row));
      const isBegun = verdict.kind !== 'never-started';
      const isStopped = (await this.rows.find(row.id))?.stop != null;
      const isRefused = refusal instanceof DomainError && row.startedAt === null;
      if (isRefused && plan && isBegun && !isStopped) {
        await this.ledger.accepted(recorder, null, plan.cwd);
        await this.claims.release([{ turnId: row.id, fence: row.fence }], 0);
        return true;
      }
      if (verdict.kind === 'running' || !(isStopped || (isRefused && !isBegun))) return false;
      if (!(await this.nothingLeft(row, verdict, host))) return true;
    } catch (error) {
      if (error instanceof DomainError) return false;
      throw error;
    }
    await this.ledger.ended(recorder, row, (current) => refused(refusal, current), {
      attempt: row.attempts,
      // The start of an earlier worker may still be on its way.
      fence: true,
    });
    return true;
  }
}

/** Without a change of the turn: by time, or by a person who enables the remote. */
const mayHeal = (error: unknown): boolean => isTransient(error) || error instanceof RemoteDisabled;
