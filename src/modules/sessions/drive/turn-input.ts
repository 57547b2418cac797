import { setTimeout as delay } from 'node:timers/promises';
import { type Outbox } from '../../../agents/index.js';
import { type DurableRuns, isTransient, type RunKey } from '../../../hosts/index.js';
import { type TurnRow } from '../storage/turn.entity.js';

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
/** How long an agent whose turn is over may take to end by itself. */
const LINGER_MS = 10_000;

/** The host does not take what the agent waits for, and time does not heal it: this turn cannot go on. */
export class InputRefused extends Error {
  constructor(readonly refusal: unknown) {
    super('The host does not take the input of the agent', { cause: refusal });
  }
}

/**
 * Hands on to an interactive agent what its adapter has written for it: only what is committed, so that whoever takes
 * the turn over writes the same bytes to the same place.
 */
export class TurnInput {
  /** What was committed last. */
  private outbox: Outbox | null = null;
  private isOver = false;
  /** Bytes that the host has taken. */
  private given = 0;
  private isClosed = false;
  private isAtWork = false;
  private hasNews = false;
  private readonly stopping = new AbortController();

  constructor(
    private readonly row: Pick<TurnRow, 'parser'>,
    private readonly runs: Pick<DurableRuns, 'send' | 'closeInput' | 'cancel'>,
    private readonly run: RunKey,
    /** Called with an error that time does not heal; an `InputRefused` when it was met in giving. */
    private readonly failed: (error: unknown) => void,
    private readonly lingerMs = LINGER_MS,
  ) {}

  /** Takes what is committed now. */
  committed(parser: TurnRow['parser']): void {
    if (!parser?.outbox) return;
    this.outbox = parser.outbox;
    this.isOver = parser.isOver === true;
    this.given = Math.max(this.given, parser.outbox.sent);
    this.hasNews = true;
    if (!this.isAtWork) void this.handOn();
  }

  stop(): void {
    this.stopping.abort();
  }

  private isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async handOn(): Promise<void> {
    const { signal } = this.stopping;
    let retryMs = FIRST_RETRY_MS;
    this.isAtWork = true;
    while (this.hasNews && !this.isStopped()) {
      this.hasNews = false;
      try {
        await this.step(signal);
        retryMs = FIRST_RETRY_MS;
      } catch (error) {
        if (isTransient(error)) {
          this.hasNews = true;
          await delay(retryMs, undefined, { signal }).catch(() => undefined);
          retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
        } else if (!this.isStopped()) this.failed(error);
      }
    }
    this.isAtWork = false;
  }

  private async step(signal: AbortSignal): Promise<void> {
    if (this.outbox === null) return;
    if (!this.isClosed) await this.give(this.outbox, signal).catch(asRefusal);
    if (this.isClosed && this.isOver) await this.endLingering(signal);
  }

  private async give({ sent, unsent, closed }: Outbox, signal: AbortSignal): Promise<void> {
    const data = Buffer.from(unsent).subarray(this.given - sent);
    await this.runs.send(this.run, this.given, data, { signal });
    this.given += data.length;
    this.note();
    // More may have been committed meanwhile, also that nothing follows.
    if (!closed || this.hasNews) return;
    await this.runs.closeInput(this.run, { signal });
    this.isClosed = true;
  }

  /** Some agents stay when they have read the end of their input. The drive is over, and this with it, when it goes. */
  private async endLingering(signal: AbortSignal): Promise<void> {
    await delay(this.lingerMs, undefined, { signal });
    await this.runs.cancel(this.run, { signal });
  }

  /** Written with whatever is committed next; until then it is sent again by whoever comes. */
  private note(): void {
    const { parser } = this.row;
    if (!parser?.outbox) return;
    const { sent, unsent, closed } = parser.outbox;
    const rest = Buffer.from(unsent)
      .subarray(this.given - sent)
      .toString();
    this.row.parser = { ...parser, outbox: { sent: this.given, unsent: rest, closed } };
  }
}

const asRefusal = (error: unknown): never => {
  throw isTransient(error) ? error : new InputRefused(error);
};
