/** The two clocks of a turn: none runs without an end. */
export interface ClockLimits {
  silenceMs: number;
  absoluteMs: number;
}

/**
 * Says which clock of a turn has run out. Both stand still while its host cannot be heard: nobody knows then what the
 * agent says, and nobody could stop it. The silence clock also stands still while a tool runs, whose end may be long in
 * coming: the absolute clock covers that.
 */
export class TurnClocks {
  private absolute: NodeJS.Timeout | undefined;
  private silence: NodeJS.Timeout | undefined;
  private unheardSince: number | null = null;
  private toolRuns = false;

  /** @param unheardMs how long the host could not be heard since the start, in earlier outages. */
  constructor(
    private readonly limits: ClockLimits,
    private readonly startedAt: Date,
    private unheardMs: number,
    private readonly expired: (clock: 'silent' | 'timeout') => void,
  ) {
    this.run(limits.silenceMs);
  }

  /** Output came; `toolRuns` tells whether a tool was begun and not ended. */
  heard(toolRuns: boolean): void {
    this.toolRuns = toolRuns;
    this.awaitWord(this.limits.silenceMs);
  }

  /** @param since when an outage began that another process has noticed. */
  linkLost(since = Date.now()): void {
    this.unheardSince ??= since;
    this.stop();
  }

  /** @param silenceMs how long a silence may now last. */
  linkRestored(silenceMs = this.limits.silenceMs): void {
    if (this.unheardSince !== null) this.unheardMs += Math.max(0, Date.now() - this.unheardSince);
    this.unheardSince = null;
    this.run(silenceMs);
  }

  stop(): void {
    clearTimeout(this.absolute);
    clearTimeout(this.silence);
  }

  private run(silenceMs: number): void {
    const end = this.startedAt.getTime() + this.limits.absoluteMs + this.unheardMs;
    clearTimeout(this.absolute);
    this.absolute = setTimeout(
      () => {
        this.expired('timeout');
      },
      capped(end - Date.now()),
    );
    this.awaitWord(silenceMs);
  }

  private awaitWord(silenceMs: number): void {
    clearTimeout(this.silence);
    if (this.unheardSince !== null || this.toolRuns) return;
    this.silence = setTimeout(() => {
      this.expired('silent');
    }, capped(silenceMs));
  }
}

/** `setTimeout` takes 31 bits of milliseconds (25 days). */
const capped = (ms: number): number => Math.min(Math.max(ms, 0), 2_147_483_647);
