import { PoolHealth } from './pool-health.js';
import { type PoolLimits } from './pool-limits.js';
import { type PoolReport } from './pool-report.js';
import { type PoolTimers } from './pool-timers.js';
import { type PooledConnection } from './pooled-connection.js';
import { type ReconnectPause } from './reconnect-pause.js';

/** Time that passes without this process, while its machine sleeps or it is stopped, is longer than any delay by load. */
const SLEPT_MS = 20_000;
/** After a sleep, a link that does not answer for so long is dead: the other side has given it up. */
const AFTER_SLEEP_MS = 5_000;

export interface PoolPulseOptions {
  name: string;
  links: Iterable<PooledConnection> & { readonly size: number; grow(): void };
  limits: PoolLimits;
  pause: ReconnectPause;
  report: PoolReport;
  timers: PoolTimers;
  queue: { readonly length: number; readonly stalledMs: number };
}

interface Question {
  askedAt: number;
  isAnswered: boolean;
}

/**
 * Looks at the host again and again while it is connected, or watched: measures the round trip, tells how well it
 * works, finds out that the machine has slept, and connects a watched host again, one attempt at a time.
 */
export class PoolPulse {
  readonly #options: PoolPulseOptions;
  readonly #health: PoolHealth;
  readonly #questions = new Map<PooledConnection, Question>();
  #quickestMs: number | null = null;
  #isWatched = false;
  #isStopped = false;
  #dueAt: number | null = null;

  constructor(options: PoolPulseOptions) {
    this.#options = options;
    this.#health = new PoolHealth(options.name);
  }

  get isWatched(): boolean {
    return this.#isWatched;
  }

  watch(isWatched: boolean): void {
    if (this.#isWatched === isWatched) return;
    this.#isWatched = isWatched;
    this.#beat();
  }

  /** There is a connection after there was none. */
  welcome(): void {
    if (this.#options.links.size === 1) this.#health.renewed();
    this.#beat();
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Goes on for as long as there is something to look at. */
  #beat(): void {
    const { links, limits, timers } = this.#options;
    if (this.#isStopped || (links.size === 0 && !this.#isWatched)) return;
    this.#dueAt ??= Date.now() + limits.pulseMs;
    timers.once('pulse', limits.pulseMs, () => {
      this.#look();
      this.#dueAt = null;
      this.#beat();
    });
    if (links.size === 0) this.#revive();
  }

  #look(): void {
    const { links, pause, queue, report } = this.#options;
    const hasSlept = this.#dueAt !== null && Date.now() - this.#dueAt > SLEPT_MS;
    if (hasSlept) pause.forgive();
    if (links.size === 0) return;
    const unansweredMs = this.#unansweredMs();
    const latencyMs = this.#quickestMs;
    this.#quickestMs = null;
    const isNeeded = queue.length > 0 || pause.remainingMs === Number.POSITIVE_INFINITY;
    const loginFault = isNeeded ? pause.blockedBy : null;
    report.health(
      this.#health.look({ latencyMs, unansweredMs, loginFault, stalledMs: queue.stalledMs }),
    );
    for (const pooled of links) this.#ask(pooled, hasSlept);
  }

  #revive(): void {
    const { links, pause } = this.#options;
    if (pause.blockedBy === null) links.grow();
  }

  #unansweredMs(): number {
    const living = new Set(this.#options.links);
    let oldest = Infinity;
    for (const [pooled, { askedAt, isAnswered }] of this.#questions) {
      if (!living.has(pooled)) this.#questions.delete(pooled);
      else if (!isAnswered) oldest = Math.min(oldest, askedAt);
    }
    return oldest === Infinity ? 0 : performance.now() - oldest;
  }

  #ask(pooled: PooledConnection, hasSlept: boolean): void {
    const { connection } = pooled;
    const last = this.#questions.get(pooled);
    if (last?.isAnswered === false && !hasSlept) return;
    const question: Question = { askedAt: performance.now(), isAnswered: false };
    this.#questions.set(pooled, question);
    const dead = hasSlept
      ? setTimeout(() => {
          void connection.close();
        }, AFTER_SLEEP_MS).unref()
      : undefined;
    connection
      .measure()
      .then(
        (latencyMs) => {
          this.#answered(latencyMs);
        },
        // A link that has ended tells so itself.
        () => undefined,
      )
      .finally(() => {
        question.isAnswered = true;
        clearTimeout(dead);
      });
  }

  #answered(latencyMs: number): void {
    this.#quickestMs = Math.min(this.#quickestMs ?? Infinity, latencyMs);
  }
}
