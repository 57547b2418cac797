import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { type RunVerdict } from '../../../hosts/index.js';
import { type Config, CONFIG } from '../../../platform/config/index.js';
import { type Claim, TurnClaims } from '../storage/turn-claims.js';
import { type TurnRow } from '../storage/turn.entity.js';
import { TurnsService } from '../turns.service.js';
import { workingTree } from '../working-tree.js';
import { TurnDrive } from './turn-drive.js';
import { type Clock } from './turn-clocks.js';
import { BACK_TO_THE_QUEUE, endingOf, type TurnEnding } from './turn-ending.js';
import { TurnInterruptions, TreeTaken } from './turn-interruptions.js';
import { TurnLedger } from './turn-ledger.js';
import { type TurnPlan } from './turn-plan.js';
import { TurnPlanner } from './turn-planner.js';
import { goingOn } from './turn-retries.js';

/** A clock that could not stop its turn tries again after this. */
const RETRY_MS = 5_000;
/** Starts that definitely did not run may be repeated; not for ever. */
const MAX_ATTEMPTS = 5;

interface ActiveDrive {
  claim: Claim;
  abort: AbortController;
  done: Promise<void>;
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
    private readonly interruptions: TurnInterruptions,
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
    const claim = claimOf(claimed.row);
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
          enters: (directory) => this.enter(row, directory),
          accepted: (hostname) => this.ledger.accepted(recorder, hostname, planned.cwd),
          unheard: (reason) => this.interruptions.unheard(recorder, row.id, reason),
          heardAgain: () => this.ledger.heardAgain(recorder),
          expired: (clock) => void this.expired(claimOf(row), clock, abort.signal),
        },
        begun,
      );
      const verdict = await drive.toTheEnd();
      if (!(await this.interruptions.nothingLeft(row, verdict, host))) return;
      await this.ledger.ended(recorder, row, (current) => judged(verdict, row, current, planned), {
        attempt: row.attempts,
        fence: drive.startMayBeUnderWay,
      });
    } catch (error) {
      await this.interruptions.settle(error, {
        recorder,
        row,
        begun,
        signal: abort.signal,
        plan,
        drive,
      });
    } finally {
      plan?.retired.removeEventListener('abort', leave);
      recorder.stop();
      // With the drive ends what its clocks have ordered.
      leave();
    }
  }

  /** Two writers never meet in a directory, whatever names it has. */
  private async enter(row: TurnRow, directory: string): Promise<void> {
    const tree = workingTree(row.remoteId, directory);
    if (row.readOnly || tree === row.workingTree) return;
    const entered = await this.claims.enter(claimOf(row), tree);
    if (!entered) throw new TreeTaken(tree);
  }

  /** Sees to it that the turn is told to stop, also when the database is away for a moment. */
  private async expired(claim: Claim, clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.turns.expire(claim, clock);
        return;
      } catch (error) {
        const { turnId } = claim;
        this.log.warn({ message: 'turn not stopped by its clock', turnId, reason: String(error) });
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
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

const claimOf = ({ id, fence }: TurnRow): Claim => ({ turnId: id, fence });

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

/** What was heard of has run, whatever a host says that has lost its spools: doing it again could do it twice. */
const mayRun = ({ stop, attempts, earlier, startedAt }: TurnRow): boolean =>
  !stop && attempts - earlier.length < MAX_ATTEMPTS && startedAt === null;
