import { type Fact, type ParserState } from '../../../agents/index.js';
import {
  keepFollowing,
  type RunEvent,
  type RunOffsets,
  type RunVerdict,
} from '../../../hosts/index.js';
import { type OpenTool, type StoredParserState, type TurnRow } from '../storage/turn.entity.js';
import { CarefulStart } from './careful-start.js';
import { LineSplitter } from './line-splitter.js';
import { Outage, type OutageSteps } from './outage.js';
import { PlacedRuns } from './placed-runs.js';
import { type Clock, TurnClocks } from './turn-clocks.js';
import { TurnInput } from './turn-input.js';
import { type TurnPlan } from './turn-plan.js';
import { type TurnFact, type TurnRecorder } from './turn-recorder.js';
import { tokensWith } from './turn-usage.js';

/** What is done about a turn when something becomes of it. */
export interface TurnSteps extends OutageSteps {
  /** Before its start: where it will work, with every symbolic link resolved. Throws when it must not begin there now. */
  enters(directory: string): Promise<void>;
  /** Records that the host has taken the turn; answers when that was. */
  accepted(hostname: string | null): Promise<Date>;
  /** Sees to it that the turn is stopped. */
  expired(clock: Clock): void;
}

/** How long the silence must go on after the host was asked anew. */
const CONFIRM_MS = 5_000;

/** A host that did not say whether a run goes on is asked again after this. */
const ASK_AGAIN_MS = 5_000;

/** The silence may be that of a dead link: the follower is asked anew before anybody is judged. */
class SilenceDoubted extends Error {}

/**
 * One turn, from the start of its agent (or the re-attachment to it) until its end is known. Leaving it early, by the
 * signal or an error, leaves the agent running.
 */
export class TurnDrive {
  private readonly lines: LineSplitter;
  /** Lines that were too long to be read, and are to be told. */
  private leftOut: TurnFact[] = [];
  private readonly openTools: Map<string, OpenTool>;
  private readonly taken: RunOffsets;
  private clocks: TurnClocks | null = null;
  private isStarted: boolean;
  /** Ends the following of the run, for a reason of our own. */
  private interruption = new AbortController();
  private silenceDoubted = false;
  private readonly outage: Outage;
  private readonly input: TurnInput;
  /** Whether the host may have begun the run, so that only the host can tell its end. */
  mayHaveStarted: boolean;
  /** Whether a start that nobody waits for any more may still reach the host. */
  startMayBeUnderWay: boolean;
  /** Whether there may be files on the host even if it was not begun. The next to drive this attempt uses them. */
  hasPutFiles = false;

  constructor(
    private readonly plan: TurnPlan,
    private readonly recorder: TurnRecorder,
    private readonly signal: AbortSignal,
    private readonly steps: TurnSteps,
    begun: boolean,
  ) {
    const { row } = plan;
    this.lines = new LineSplitter(row.stdoutOffset, (raw) => {
      this.leftOut.push({ type: 'unknown', name: 'line-too-long', raw });
    });
    this.taken = { stdout: row.stdoutOffset, stderr: row.stderrOffset };
    this.outage = new Outage(row, steps);
    this.isStarted = row.state === 'running' || row.state === 'stopping';
    this.mayHaveStarted = !begun;
    this.startMayBeUnderWay = !begun;
    this.openTools = new Map(row.parser?.openTools?.map((tool) => [tool.id, tool]));
    this.input = new TurnInput(row, plan.host.runs, TurnDrive.runKey(row), (error) => {
      this.interruption.abort(error);
    });
    recorder.written = (parser) => {
      this.input.committed(parser);
    };
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
      if (rest.length + this.leftOut.length > 0) this.understand(rest, 0);
      return verdict;
    } finally {
      this.clocks?.stop();
      this.clocks = null;
      this.outage.stop();
      this.input.stop();
      await this.outage.told.catch(() => undefined);
    }
  }

  private async follow(): Promise<RunVerdict> {
    for (;;) {
      this.interruption = new AbortController();
      try {
        return await this.followOnce(AbortSignal.any([this.signal, this.interruption.signal]));
      } catch (error) {
        if (!(error instanceof SilenceDoubted)) throw error;
      }
    }
  }

  private async followOnce(signal: AbortSignal): Promise<RunVerdict> {
    const start = new CarefulStart(this.plan.host, () => {
      this.mayHaveStarted = true;
    });
    const runs = new PlacedRuns(this.plan, start.runs, (directory) => this.steps.enters(directory));
    const key = TurnDrive.runKey(this.plan.row);
    const events = keepFollowing({ runs }, key, {
      from: this.taken,
      started: this.isStarted,
      signal,
      onLink: (link, error) => {
        if (link === 'lost') this.linkLost(error, start);
        else this.linkRestored();
      },
    });
    try {
      for await (const event of events) {
        await this.outage.told;
        if (event.type === 'ended') return event.verdict;
        await this.take(event);
      }
      throw new Error('A run was followed to its end without a verdict');
    } finally {
      this.hasPutFiles ||= runs.hasPutFiles;
    }
  }

  private linkLost(reason: unknown, start: CarefulStart): void {
    this.clocks?.linkLost();
    this.startMayBeUnderWay = true;
    this.outage.begin(reason, () => {
      if (!this.mayHaveStarted && !start.isSent) this.interruption.abort(reason);
    });
  }

  private linkRestored(): void {
    this.clocks?.linkRestored(this.silenceDoubted ? CONFIRM_MS : undefined);
    this.outage.end();
  }

  private async take(event: Exclude<RunEvent, { type: 'ended' }>): Promise<void> {
    if (event.type === 'accepted') {
      this.mayHaveStarted = true;
      this.isStarted = true;
      await this.accepted();
      this.linkRestored();
      await this.outage.told;
      this.input.committed(this.plan.row.parser);
      return;
    }
    this.silenceDoubted = false;
    this.taken[event.stream] = event.offset;
    if (event.stream === 'stderr') this.recorder.complained(event.data, event.offset);
    else this.understand(this.lines.push(event.data), event.data.length);
    this.clocks?.heard([...this.openTools.values()]);
    await this.recorder.room();
  }

  private async accepted(): Promise<void> {
    const { row, host } = this.plan;
    if (row.startedAt) return;
    // With the start is written where it works, and what it is to read.
    if (row.parser) this.recorder.said(row.parser, [], this.lines.offset, 0);
    const environment = await host.environment({ signal: this.signal }).catch(() => null);
    this.startClocks(await this.steps.accepted(environment?.hostname ?? null));
  }

  private understand(lines: readonly string[], bytes: number): void {
    const { row, adapter, request } = this.plan;
    let state = row.parser ?? adapter.initialState(request);
    const before: StoredParserState = state;
    let worked = before.worked ?? false;
    let { called } = before;
    const facts = this.leftOut;
    this.leftOut = [];
    for (const line of lines) {
      const parsed = adapter.parse(state, line, request);
      state = parsed.state;
      for (const fact of parsed.facts) {
        facts.push(fact);
        if (fact.type === 'model-call')
          called = called ? tokensWith(called, fact.tokens) : fact.tokens;
        if (fact.type !== 'tool') continue;
        worked = true;
        this.took(fact);
      }
    }
    facts.push(...this.conversationChange(before.providerSessionId, state.providerSessionId));
    const openTools = [...this.openTools.values()];
    const { place } = before;
    const next = {
      ...state,
      openTools,
      worked,
      ...(called && { called }),
      ...(place && { place }),
    };
    this.recorder.said(next, facts, this.lines.offset, bytes);
    // Who waits for an answer does not wait for more output.
    if (isToldMore(before, state)) void this.recorder.flush().catch(() => undefined);
  }

  private took({ id, name, phase }: Extract<Fact, { type: 'tool' }>): void {
    if (phase !== 'started') this.openTools.delete(id);
    else if (!this.openTools.has(id)) {
      const unheardMs = this.clocks?.unheardMs ?? this.plan.row.unreachableMs;
      this.openTools.set(id, { id, name, since: Date.now(), unheardMs });
    }
  }

  /** The provider goes on under another name than the one that was asked for: told once, when that is known first. */
  private conversationChange(before: string | null, to: string | null): TurnFact[] {
    const { conversation, adapter } = this.plan;
    const { resumes, lost } = conversation;
    const from = resumes ?? lost;
    if (lost === null && adapter.resumesCopies === true) return [];
    if (to === null || from === null || to === from || to === before) return [];
    return [{ type: 'resumed-afresh', from, to, isLost: lost !== null }];
  }

  private startClocks(startedAt: Date): void {
    const { row, limits } = this.plan;
    this.clocks ??= new TurnClocks(limits, startedAt, row.unreachableMs, (clock) => {
      this.expired(clock);
    });
    // A tool that was begun before this process came may still run.
    this.clocks.heard([...this.openTools.values()]);
    if (row.waiting) this.clocks.linkLost(Date.parse(row.waiting.since));
  }

  private expired(clock: Clock): void {
    if (clock.reason === 'timeout') {
      void this.timedOut(clock);
      return;
    }
    if (this.silenceDoubted) {
      this.steps.expired(clock);
      return;
    }
    this.silenceDoubted = true;
    this.clocks?.linkLost();
    this.interruption.abort(new SilenceDoubted());
  }

  /** A run that ended while nobody followed it may be read only now: it is judged by its own end, however late. */
  private async timedOut(clock: Clock): Promise<void> {
    const { host, row } = this.plan;
    try {
      const { kind } = await host.runs.status(TurnDrive.runKey(row), { signal: this.signal });
      if (kind === 'running' && this.clocks) this.steps.expired(clock);
    } catch {
      this.clocks?.tellAgain(ASK_AGAIN_MS);
    }
  }
}

const isToldMore = ({ outbox: before }: ParserState, { outbox: after }: ParserState): boolean =>
  after !== undefined &&
  (after.unsent !== (before?.unsent ?? '') || after.closed !== (before?.closed ?? false));
