import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { type Host, isTransient, type RunVerdict } from '../../../hosts/index.js';
import { type Config, CONFIG } from '../../../platform/config/index.js';
import { DomainError } from '../../../platform/errors/index.js';
import { RemoteDisabled } from '../../remotes/index.js';
import { type Claim, TurnClaims } from '../storage/turn-claims.js';
import { type TurnRow } from '../storage/turn.entity.js';
import { TurnsRepository } from '../storage/turns.repository.js';
import { TurnsService } from '../turns.service.js';
import { TurnDrive } from './turn-drive.js';
import { type Clock } from './turn-clocks.js';
import { BACK_TO_THE_QUEUE, endingOf, postponed, refused, type TurnEnding } from './turn-ending.js';
import { InputRefused } from './turn-input.js';
import { TurnLedger } from './turn-ledger.js';
import { type TurnPlan } from './turn-plan.js';
import { TurnPlanner } from './turn-planner.js';
import { type TurnRecorder, TurnTaken } from './turn-recorder.js';
import { goingOn } from './turn-retries.js';

/** A host that cannot be used now is asked again after this. */
const RETRY_MS = 5_000;
/** A turn whose host is away is tried again after at least this, unless the host is seen before. */
const WAIT_MS = 15_000;
/** Starts that definitely did not run may be repeated; not for ever. */
const MAX_ATTEMPTS = 5;

interface ActiveDrive {
  claim: Claim;
  abort: AbortController;
  done: Promise<void>;
}

/** A turn that this process drives, as far as it has come. */
interface Attempt {
  recorder: TurnRecorder;
  row: TurnRow;
  begun: boolean;
  signal: AbortSignal;
  plan: TurnPlan | null;
  drive: TurnDrive | null;
}

/** Drives the turns that this process has claimed, keeps their leases, and gives them back at shutdown. */
@Injectable()
export class TurnDriver implements OnModuleDestroy {
  private readonly log = new Logger(TurnDriver.name);
  private readonly active = new Map<string, ActiveDrive>();
  private readonly claiming = new Set<string>();
  private readonly renewing: NodeJS.Timeout;
  private closed = false;

  constructor(
    private readonly claims: TurnClaims,
    private readonly planner: TurnPlanner,
    private readonly ledger: TurnLedger,
    private readonly rows: TurnsRepository,
    private readonly turns: TurnsService,
    @Inject(CONFIG) config: Config,
  ) {
    this.renewing = setInterval(() => void this.renew(), config.leaseMs / 3);
  }

  /** Takes the turn if it is due, and drives it in the background. */
  async drive(turnId: string): Promise<void> {
    if (this.isClosed() || this.active.has(turnId) || this.claiming.has(turnId)) return;
    this.claiming.add(turnId);
    const claimed = await this.claims.claim(turnId).finally(() => this.claiming.delete(turnId));
    if (!claimed) return;
    const abort = new AbortController();
    const claim = { turnId, fence: claimed.row.fence };
    if (this.isClosed()) {
      await this.claims.release([claim], 0);
      return;
    }
    const done = this.attempt(claimed.row, claimed.begun, abort).finally(() => {
      if (this.active.get(turnId)?.abort === abort) this.active.delete(turnId);
    });
    this.active.set(turnId, { claim, abort, done });
  }

  async onModuleDestroy(): Promise<void> {
    this.closed = true;
    clearInterval(this.renewing);
    const drives = [...this.active.values()];
    for (const { abort } of drives) abort.abort();
    await Promise.allSettled(drives.map(({ done }) => done));
  }

  private isClosed(): boolean {
    return this.closed;
  }

  private async attempt(row: TurnRow, begun: boolean, abort: AbortController): Promise<void> {
    const leave = (): void => {
      abort.abort();
    };
    const recorder = this.ledger.recorderOf(row, leave);
    let drive: TurnDrive | null = null;
    let plan: TurnPlan | null = null;
    try {
      plan = await this.planner.plan(row);
      const { host, retired } = plan;
      const planned = plan;
      if (retired.aborted) leave();
      retired.addEventListener('abort', leave);
      drive = new TurnDrive(
        plan,
        recorder,
        abort.signal,
        {
          accepted: (hostname) => this.ledger.accepted(recorder, hostname, planned.cwd),
          unheard: (reason) => this.unheard(recorder, row.id, reason),
          heardAgain: () => this.ledger.heardAgain(recorder),
          expired: (clock) => void this.expired(row.id, clock, abort.signal),
        },
        begun,
      );
      const verdict = await drive.toTheEnd();
      if (!(await this.nothingLeft(row, verdict, host))) return;
      await this.ledger.ended(recorder, row, (current) => judged(verdict, row, current, planned), {
        attempt: row.attempts,
        fence: drive.startMayBeUnderWay,
      });
    } catch (error) {
      await this.interrupted(error, { recorder, row, begun, signal: abort.signal, plan, drive });
    } finally {
      plan?.retired.removeEventListener('abort', leave);
      recorder.stop();
    }
  }

  /** Never throws: the reason is for people to read, the work does not depend on it. */
  private async unheard(recorder: TurnRecorder, turnId: string, reason: unknown): Promise<void> {
    try {
      await this.ledger.unheard(recorder, reason);
    } catch (error) {
      this.log.debug({ message: 'outage not recorded', turnId, reason: String(error) });
    }
  }

  /** Sees to it that the turn is told to stop, also when the database is away for a moment. */
  private async expired(turnId: string, clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.turns.cancel(turnId, clock);
        return;
      } catch (error) {
        this.log.warn({ message: 'turn not stopped by its clock', turnId, reason: String(error) });
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** A turn that was stopped, or whose supervisor died, has ended only when none of its processes is left. */
  private async nothingLeft(row: TurnRow, verdict: RunVerdict, host: Host): Promise<boolean> {
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

  private async interrupted(error: unknown, attempt: Attempt): Promise<void> {
    const { recorder, row, begun, signal, drive } = attempt;
    const mayHaveStarted = drive?.mayHaveStarted ?? !begun;
    try {
      if (error instanceof TurnTaken) return;
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
      if (error instanceof InputRefused && (await this.cutOff(reason, attempt))) return;
      if (error instanceof DomainError && !mayHeal(error) && (await this.givenUp(error, attempt)))
        return;
      if (reason instanceof DomainError && row.waiting?.code !== reason.code) {
        await this.unheard(recorder, row.id, reason);
      }
      if (!(reason instanceof DomainError)) {
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
   * it runs and it was told to stop; false when it may go on, or its host cannot be asked.
   */
  private async givenUp(refusal: DomainError, attempt: Attempt): Promise<boolean> {
    const { recorder, row, plan } = attempt;
    try {
      const host = plan?.host ?? (await this.planner.hostOf(row));
      const verdict = await host.runs.status(TurnDrive.runKey(row));
      const isStopped = (await this.rows.find(row.id))?.stop != null;
      const wasRefused = verdict.kind === 'never-started' && row.startedAt === null;
      if (verdict.kind === 'running' || !(isStopped || wasRefused)) return false;
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

  private async renew(): Promise<void> {
    const claims = [...this.active.values()].map(({ claim }) => claim);
    if (claims.length === 0) return;
    try {
      for (const turnId of await this.claims.renew(claims)) this.active.get(turnId)?.abort.abort();
    } catch (error) {
      this.log.warn({ message: 'leases not renewed', reason: String(error) });
    }
  }
}

const judged = (
  verdict: RunVerdict,
  row: TurnRow,
  current: TurnRow,
  plan: TurnPlan,
): TurnEnding => {
  if (verdict.kind === 'never-started' && mayRun(current)) return BACK_TO_THE_QUEUE;
  const ending = endingOf(verdict, { ...row, stop: current.stop }, plan);
  const attempt = { row: current, parser: row.parser, resumed: plan.request.providerSessionId };
  return goingOn(ending, attempt, plan.retries);
};

/** Without a change of the turn: by time, or by a person who enables the remote. */
const mayHeal = (error: unknown): boolean => isTransient(error) || error instanceof RemoteDisabled;

/** What was heard of has run, whatever a host says that has lost its spools: doing it again could do it twice. */
const mayRun = ({ stop, attempts, earlier, startedAt }: TurnRow): boolean =>
  !stop && attempts - earlier.length < MAX_ATTEMPTS && startedAt === null;
