import { type ChannelPriority } from '../../channel.js';
import { type SshFailure } from '../errors.js';
import { type Link } from '../link.js';
import { linkInTime } from './link-in-time.js';
import { type PoolLimits } from './pool-limits.js';
import { type PoolReport } from './pool-report.js';
import { type PoolTimers } from './pool-timers.js';
import { PooledConnection } from './pooled-connection.js';
import { type ReconnectPause } from './reconnect-pause.js';
import { SessionBudget } from './session-budget.js';

export interface Demand {
  /** How many wait for a channel. */
  waiting: number;
  /** What the first of them wants it for; null when nobody waits. */
  urgency: ChannelPriority | null;
}

export interface PoolLinksOptions {
  connect: () => Promise<Link>;
  limits: PoolLimits;
  pause: ReconnectPause;
  report: PoolReport;
  timers: PoolTimers;
  failure: (code: 'ssh/connection-lost' | 'ssh/timeout', detail: string) => SshFailure;
  demand: () => Demand;
  /** There is more room, or less. */
  onChange: () => void;
  /** A login has succeeded. */
  onWelcome: () => void;
  /** Whether the last link stays, although nobody uses it. */
  keepsLast: () => boolean;
  /** There is no link, and there will be none for now. */
  onFailure: (error: Error) => void;
}

/** The links of a pool, the oldest first: makes one, then more by need, and lets go of them. */
export class PoolLinks {
  readonly #options: PoolLinksOptions;
  readonly #budget: SessionBudget;
  readonly #links = new Set<PooledConnection>();
  #logins = 0;
  #willRetry = false;
  #isClosed = false;

  constructor(options: PoolLinksOptions) {
    this.#options = options;
    this.#budget = new SessionBudget(options.limits.channelsPerConnection);
  }

  get size(): number {
    return this.#links.size;
  }

  /** Whether there is a link, or one is being made. */
  get isHopeful(): boolean {
    return this.#links.size + this.#logins > 0 || this.#willRetry;
  }

  [Symbol.iterator](): Iterator<PooledConnection> {
    return this.#links.values();
  }

  /** The oldest that is less than half full, so that the younger ones can fall idle; else the one with the least work. */
  roomiest(priority: ChannelPriority): PooledConnection | undefined {
    let best: PooledConnection | undefined;
    let place = 0;
    for (const pooled of this.#links) {
      place += 1;
      if (place > this.#most(priority)) break;
      const { slots } = pooled;
      if (!slots.hasRoomFor(priority)) continue;
      if (slots.inUse * 2 < slots.usable(priority)) return pooled;
      if (!best || slots.inUse < best.slots.inUse) best = pooled;
    }
    return best;
  }

  /** Milliseconds until a link that rests after a refusal takes work again; null when none rests. */
  get restMs(): number | null {
    const rests = [...this.#links].map(({ slots }) => slots.pauseMs).filter((ms) => ms > 0);
    return rests.length > 0 ? Math.min(...rests) : null;
  }

  /** Makes the first link at once and alone; further ones when the need lasts, few at a time. */
  grow(): void {
    if (this.#links.size === 0) {
      this.#first();
      return;
    }
    const { limits, pause, timers, onChange } = this.#options;
    if (!this.#isShort || pause.remainingMs === Number.POSITIVE_INFINITY) return;
    const jitteredMs = limits.growAfterMs * (0.5 + Math.random());
    timers.once('grow', Math.max(jitteredMs, pause.remainingMs), () => {
      if (this.#links.size > 0 && this.#isShort && !pause.blockedBy) void this.#connect();
      onChange();
    });
  }

  /** Lets go of links that nobody has used for a while. */
  retireIdle(): void {
    const { limits, keepsLast, report } = this.#options;
    for (const pooled of [...this.#links].reverse()) {
      const isLast = this.#links.size === 1;
      const patienceMs = isLast ? limits.idleLastMs : limits.idleExtraMs;
      if (pooled.idleMs <= patienceMs || (isLast && keepsLast())) continue;
      void this.#retire(pooled);
      if (isLast) report.unused();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#links].map((pooled) => this.#retire(pooled)));
  }

  #most(priority: ChannelPriority): number {
    return this.#options.limits.maxConnections + (priority === 'control' ? 1 : 0);
  }

  /** Whether those who wait need more links than there are and are being made, and may have one now. */
  get #isShort(): boolean {
    const { waiting, urgency } = this.#options.demand();
    if (urgency === null || this.#links.size + this.#logins >= this.#most(urgency)) return false;
    // Another link to a server that takes no channel at all would not take one either.
    if (![...this.#links].some(({ hasServed }) => hasServed)) return false;
    const needed = Math.ceil(waiting / this.#budget.initial);
    return this.#logins < Math.min(needed, this.#options.pause.loginsAtOnce);
  }

  #first(): void {
    const { pause, timers, report, demand, onFailure } = this.#options;
    if (this.#logins > 0 || this.#willRetry) return;
    const { blockedBy } = pause;
    if (!blockedBy) {
      void this.#connect();
    } else if (pause.isBearable && !this.#isClosed) {
      this.#willRetry = true;
      timers.once('login', pause.remainingMs, () => {
        this.#willRetry = false;
        if (demand().waiting > 0) this.grow();
        else if (this.#links.size === 0) report.failed(blockedBy);
      });
    } else {
      onFailure(blockedBy);
    }
  }

  async #connect(): Promise<void> {
    const { connect, limits, report, failure } = this.#options;
    this.#logins += 1;
    if (this.#links.size === 0) report.connecting();
    try {
      const link = await linkInTime(connect(), limits.loginTimeoutMs, () =>
        failure('ssh/timeout', 'the login did not end'),
      );
      this.#logins -= 1;
      this.#welcome(link);
    } catch (error) {
      this.#logins -= 1;
      this.#failed(error as Error);
    }
  }

  #welcome(link: Link): void {
    if (this.#isClosed) {
      void link.close();
      return;
    }
    const { pause, report, failure, onChange, onWelcome } = this.#options;
    const pooled = new PooledConnection(link, this.#budget, () => {
      pause.succeeded();
      onChange();
    });
    link.onLost = (reason) => {
      this.#lost(pooled, reason);
    };
    if (!link.isAlive) {
      this.#failed(failure('ssh/connection-lost', 'closed after the login'));
      return;
    }
    this.#links.add(pooled);
    report.online(link);
    onWelcome();
    onChange();
  }

  /** There is no new link. While there is hope, those who wait go on waiting. */
  #failed(error: Error): void {
    const { pause, report, demand, onChange, onFailure } = this.#options;
    pause.failed(error);
    if (this.#isClosed) return;
    if (this.isHopeful || (pause.isBearable && demand().waiting > 0)) {
      onChange();
    } else {
      report.failed(error);
      onFailure(error);
    }
  }

  #lost(pooled: PooledConnection, failure: SshFailure): void {
    if (!this.#links.delete(pooled)) return;
    const { pause, report, onChange } = this.#options;
    if (!pooled.hasServed) pause.failed(failure);
    if (this.#links.size === 0) report.failed(failure);
    onChange();
  }

  async #retire(pooled: PooledConnection): Promise<void> {
    this.#links.delete(pooled);
    pooled.dropWarm();
    await pooled.connection.close();
  }
}
