import { CliFailure } from './cli-failure.js';
import { EXIT } from './exit-codes.js';

/** Ends a wait on Ctrl-C or after `--timeout` seconds, and knows which of the two it was. */
export class Deadline {
  readonly signal: AbortSignal;
  private readonly late = new AbortController();
  private readonly timer: NodeJS.Timeout | undefined;

  constructor(
    interrupt: AbortSignal,
    private readonly seconds: number | undefined,
  ) {
    this.signal = AbortSignal.any([interrupt, this.late.signal]);
    if (seconds !== undefined) {
      this.timer = setTimeout(() => {
        this.late.abort();
      }, seconds * 1_000);
    }
  }

  clear(): void {
    clearTimeout(this.timer);
  }

  /** The error to throw for one that ended the wait; `hint` says what becomes of the work. */
  explain(error: unknown, hint: string): unknown {
    if (!this.signal.aborted) return error;
    return this.late.signal.aborted
      ? new CliFailure(EXIT.timeout, `No end after ${this.seconds ?? 0} s`, { hint })
      : new CliFailure(EXIT.interrupted, 'Interrupted', { hint });
  }
}
