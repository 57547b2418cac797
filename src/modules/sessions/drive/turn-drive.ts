import { type AgentAdapter } from '../../../agents/index.js';
import {
  type DurableRun,
  type Host,
  keepFollowing,
  type RunEvent,
  type RunVerdict,
} from '../../../hosts/index.js';
import { DomainError } from '../../../platform/errors/index.js';
import { type SessionRow } from '../storage/session.entity.js';
import { type TurnRow } from '../storage/turn.entity.js';
import { LineSplitter } from './line-splitter.js';
import { TurnClocks, type ClockLimits } from './turn-clocks.js';
import { type TurnRecorder } from './turn-recorder.js';

/** All that a turn needs to be driven, resolved. */
export interface TurnPlan {
  row: TurnRow;
  session: SessionRow;
  host: Host;
  /** Aborted when the host was replaced: the turn must be planned anew. */
  retired: AbortSignal;
  cwd: string;
  /** The session's environment over the remote's. */
  env: Record<string, string>;
  adapter: AgentAdapter;
  limits: ClockLimits;
}

/**
 * One turn, from the start of its agent (or the re-attachment to it) until its end is known. Leaving it early, by the
 * signal or an error, leaves the agent running.
 */
export class TurnDrive {
  private readonly lines: LineSplitter;
  private readonly runningTools: Set<string>;
  private clocks: TurnClocks | null = null;
  /** Whether the host may have begun the run, so that only the host can tell its end. */
  mayHaveStarted: boolean;

  constructor(
    private readonly plan: TurnPlan,
    private readonly recorder: TurnRecorder,
    private readonly signal: AbortSignal,
    /** Records that the host has taken the turn; answers when that was. */
    private readonly onAccepted: (hostname: string | null) => Promise<Date>,
    private readonly onClock: (clock: 'silent' | 'timeout') => void,
    begun: boolean,
  ) {
    this.lines = new LineSplitter(plan.row.stdoutOffset);
    this.mayHaveStarted = !begun;
    this.runningTools = new Set(plan.row.parser?.openTools);
    plan.row.parser ??= plan.adapter.initialState();
  }

  /** The name of this attempt on the host: unique per execution, the same for every worker that asks for it. */
  static runKey(row: Pick<TurnRow, 'id' | 'attempts' | 'nonce'>): { id: string; nonce: string } {
    return { id: `${row.id}-${row.attempts}`, nonce: row.nonce };
  }

  async toTheEnd(): Promise<RunVerdict> {
    const { row } = this.plan;
    if (row.startedAt) this.startClocks(row.startedAt);
    try {
      const verdict = await this.follow();
      const rest = this.lines.rest();
      if (rest !== null) this.understand([rest], 0);
      return verdict;
    } finally {
      this.clocks?.stop();
    }
  }

  private async follow(): Promise<RunVerdict> {
    const { row, host } = this.plan;
    const events = keepFollowing(host, this.durableRun(), {
      from: { stdout: row.stdoutOffset, stderr: row.stderrOffset },
      started: row.state === 'running' || row.state === 'stopping',
      signal: this.signal,
      onLink: (link, error) => {
        if (link === 'restored') this.clocks?.linkRestored();
        else {
          this.clocks?.linkLost();
          if (!neverReachedIt(error)) this.mayHaveStarted = true;
        }
      },
    });
    for await (const event of events) {
      if (event.type === 'ended') return event.verdict;
      await this.take(event);
    }
    throw new Error('A run was followed to its end without a verdict');
  }

  private async take(event: Exclude<RunEvent, { type: 'ended' }>): Promise<void> {
    if (event.type === 'accepted') {
      this.mayHaveStarted = true;
      await this.accepted();
      return;
    }
    if (event.stream === 'stderr') this.recorder.complained(event.data, event.offset);
    else this.understand(this.lines.push(event.data), event.data.length);
    this.clocks?.heard(this.runningTools.size > 0);
    await this.recorder.room();
  }

  private async accepted(): Promise<void> {
    const { row, host } = this.plan;
    if (row.startedAt) return;
    const environment = await host.environment({ signal: this.signal }).catch(() => null);
    this.startClocks(await this.onAccepted(environment?.hostname ?? null));
  }

  private understand(lines: readonly string[], bytes: number): void {
    const { row, adapter } = this.plan;
    let state = row.parser ?? adapter.initialState();
    const facts = [];
    for (const line of lines) {
      const parsed = adapter.parse(state, line);
      state = parsed.state;
      for (const fact of parsed.facts) {
        facts.push(fact);
        if (fact.type !== 'tool') continue;
        if (fact.phase === 'started') this.runningTools.add(fact.id);
        else this.runningTools.delete(fact.id);
      }
    }
    const openTools = [...this.runningTools];
    this.recorder.said({ ...state, openTools }, facts, this.lines.offset, bytes);
  }

  private startClocks(startedAt: Date): void {
    this.clocks ??= new TurnClocks(this.plan.limits, startedAt, this.onClock);
    // A tool that was begun before this process came may still run.
    this.clocks.heard(this.runningTools.size > 0);
  }

  private durableRun(): DurableRun {
    const { row, session, adapter, env, cwd } = this.plan;
    const resumes = row.fresh ? null : session.providerSessionId;
    const launch = adapter.launch({
      prompt: row.prompt,
      providerSessionId: resumes,
      readOnly: row.readOnly,
      model: session.model,
      args: session.args,
      command: session.command,
    });
    return {
      ...TurnDrive.runKey(row),
      argv: launch.argv,
      env: {
        ...launch.env,
        ...env,
        ...(resumes === null ? {} : { MAESTRO_SESSION_RESUMED: '1' }),
      },
      cwd,
      stdin: Buffer.from(launch.stdin),
    };
  }
}

/** Faults from before the first word to the host: what was to be started cannot have been. */
const BEFORE_THE_HOST: ReadonlySet<string> = new Set([
  'ssh/refused',
  'ssh/unresolved',
  'ssh/no-route',
]);

const neverReachedIt = (error: unknown): boolean =>
  error instanceof DomainError && BEFORE_THE_HOST.has(error.code);
