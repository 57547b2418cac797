/** The two clocks of a turn: none runs without an end. */
export interface ClockLimits {
  silenceMs: number;
  absoluteMs: number;
}

/**
 * Says which clock of a turn has run out. The silence clock stands still while the link is down, when nobody can hear,
 * and while a tool runs, whose end may be long in coming: the absolute clock covers both.
 */
export class TurnClocks {
  private readonly absolute: NodeJS.Timeout;
  private silence: NodeJS.Timeout | null = null;
  private deaf = false;
  private toolRuns = false;

  constructor(
    private readonly limits: ClockLimits,
    startedAt: Date,
    private readonly expired: (clock: 'silent' | 'timeout') => void,
  ) {
    const left = startedAt.getTime() + limits.absoluteMs - Date.now();
    this.absolute = setTimeout(() => {
      expired('timeout');
    }, capped(left));
    this.heard(false);
  }

  /** Output came; `toolRuns` tells whether a tool was begun and not ended. */
  heard(toolRuns: boolean): void {
    this.toolRuns = toolRuns;
    this.restart();
  }

  linkLost(): void {
    this.deaf = true;
    this.restart();
  }

  linkRestored(): void {
    this.deaf = false;
    this.restart();
  }

  stop(): void {
    clearTimeout(this.absolute);
    if (this.silence) clearTimeout(this.silence);
  }

  private restart(): void {
    if (this.silence) clearTimeout(this.silence);
    this.silence = null;
    if (this.deaf || this.toolRuns) return;
    this.silence = setTimeout(() => {
      this.expired('silent');
    }, capped(this.limits.silenceMs));
  }
}

/** `setTimeout` takes 31 bits of milliseconds (25 days). */
const capped = (ms: number): number => Math.min(Math.max(ms, 0), 2_147_483_647);
