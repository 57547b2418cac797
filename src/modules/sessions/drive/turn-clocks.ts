import { type OpenTool, type StopReason } from '../storage/turn.entity.js';

/** The clocks of a turn: none runs without an end. */
export interface ClockLimits {
  silenceMs: number;
  /** How long a tool counts as a sign of life. */
  toolMs: number;
  absoluteMs: number;
}

/** Which one has run out, and during which tool. */
export type Clock = StopReason & { reason: 'silent' | 'timeout' };

/**
 * Says which clock of a turn has run out. All stand still while its host cannot be heard: nobody knows then what the
 * agent says, and nobody could stop it. The silence clock also stands still while a tool runs, whose end may be long in
 * coming; but not for longer than a tool may be silent.
 */
export class TurnClocks {
  private absolute: NodeJS.Timeout | undefined;
  private silence: NodeJS.Timeout | undefined;
  private unheardSince: number | null = null;
  private openTools: readonly OpenTool[] = [];

  /** @param unheard how long the host could not be heard since the start, in earlier outages; in milliseconds. */
  constructor(
    private readonly limits: ClockLimits,
    private readonly startedAt: Date,
    private unheard: number,
    private readonly expired: (clock: Clock) => void,
  ) {
    this.run(limits.silenceMs);
  }

  /** How long the host could not be heard since the start. */
  get unheardMs(): number {
    return this.unheard;
  }

  /** Output came; these tools were begun and have not ended. */
  heard(openTools: readonly OpenTool[]): void {
    this.openTools = openTools;
    this.awaitWord(this.limits.silenceMs);
  }

  /** @param since when an outage began that another process has noticed. */
  linkLost(since = Date.now()): void {
    this.unheardSince ??= since;
    this.stop();
  }

  /** @param silenceMs how long a silence may now last. */
  linkRestored(silenceMs = this.limits.silenceMs): void {
    if (this.unheardSince !== null) this.unheard += Math.max(0, Date.now() - this.unheardSince);
    this.unheardSince = null;
    this.run(silenceMs);
  }

  stop(): void {
    clearTimeout(this.absolute);
    clearTimeout(this.silence);
  }

  /** The absolute limit could not be acted upon. While the host cannot be heard, that is told when it is heard again. */
  tellAgain(ms: number): void {
    if (this.unheardSince === null) this.tellTimeout(ms);
  }

  private run(silenceMs: number): void {
    const end = this.startedAt.getTime() + this.limits.absoluteMs + this.unheard;
    this.tellTimeout(end - Date.now());
    this.awaitWord(silenceMs);
  }

  private tellTimeout(ms: number): void {
    clearTimeout(this.absolute);
    this.absolute = setTimeout(() => {
      this.expired({ reason: 'timeout' });
    }, capped(ms));
  }

  private awaitWord(silenceMs: number): void {
    clearTimeout(this.silence);
    if (this.unheardSince !== null) return;
    const toolsMs = this.openTools.map((tool) => this.endOf(tool) - Date.now());
    this.silence = setTimeout(
      () => {
        const [tool] = this.openTools;
        this.expired({ reason: 'silent', ...(tool && { tool: tool.name }) });
      },
      capped(Math.max(silenceMs, ...toolsMs)),
    );
  }

  /** When a tool no longer counts as a sign of life. */
  private endOf({ since, unheardMs }: OpenTool): number {
    return since + this.limits.toolMs + this.unheard - unheardMs;
  }
}

/** `setTimeout` takes 31 bits of milliseconds (25 days). */
const capped = (ms: number): number => Math.min(Math.max(ms, 0), 2_147_483_647);
