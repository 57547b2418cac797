import { type ChannelPriority } from '../channel.js';
import { type SshFailure } from './errors.js';
import { type Link } from './link.js';
import { type PoolLimits } from './pool-limits.js';
import { type PoolReport } from './pool-report.js';
import { type PoolTimers } from './pool-timers.js';
import { PooledConnection } from './pooled-connection.js';
import { type ReconnectPause } from './reconnect-pause.js';

const SIMULTANEOUS_LOGINS = 2;

export interface PoolLinksOptions {
  connect: () => Promise<Link>;
  limits: PoolLimits;
  pause: ReconnectPause;
  report: PoolReport;
  timers: PoolTimers;
  /** Why a link that breaks at once has failed. */
  brokenAtOnce: () => SshFailure;
  /** Whether somebody waits for a channel. */
  isNeeded: () => boolean;
  /** A link came, or one went. */
  onChange: () => void;
  /** There is no link, and there will be none for now. */
  onFailure: (error: Error) => void;
}

/** The links of a pool, the oldest first: makes one, then more by need, and lets go of them. */
export class PoolLinks {
  readonly #options: PoolLinksOptions;
  readonly #links = new Set<PooledConnection>();
  #logins = 0;
  #isClosed = false;

  constructor(options: PoolLinksOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#links.size;
  }

  /** Whether there is a link, or one is being made. */
  get isHopeful(): boolean {
    return this.#links.size + this.#logins > 0;
  }

  [Symbol.iterator](): Iterator<PooledConnection> {
    return this.#links.values();
  }

  roomiest(priority: ChannelPriority): PooledConnection | undefined {
    let best: PooledConnection | undefined;
    for (const pooled of this.#links) {
      if (!pooled.slots.hasRoomFor(priority)) continue;
      if (!best || pooled.slots.inUse < best.slots.inUse) best = pooled;
    }
    return best;
  }

  /** Milliseconds until a link that rests after a refusal takes work again; null when none rests. */
  get restMs(): number | null {
    const rests = [...this.#links].map(({ slots }) => slots.pauseMs).filter((ms) => ms > 0);
    return rests.length > 0 ? Math.min(...rests) : null;
  }

  /** Makes the first link at once and alone; a further one when the need lasts. */
  grow(): void {
    const { limits, pause, timers, isNeeded, onChange } = this.#options;
    if (this.#links.size === 0) {
      if (this.#logins === 0) void this.#connect();
      return;
    }
    if (this.#links.size + this.#logins >= limits.maxConnections) return;
    timers.once('grow', limits.growAfterMs, () => {
      const mayConnect = isNeeded() && this.#links.size > 0 && pause.blockedBy === null;
      if (mayConnect && this.#logins < SIMULTANEOUS_LOGINS) void this.#connect();
      onChange();
    });
  }

  /** Lets go of links that nobody has used for a while. */
  retireIdle(): void {
    const { idleExtraMs, idleLastMs } = this.#options.limits;
    for (const pooled of [...this.#links].reverse()) {
      const patienceMs = this.#links.size > 1 ? idleExtraMs : idleLastMs;
      if (pooled.idleMs > patienceMs) void this.#retire(pooled);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#links].map((pooled) => this.#retire(pooled)));
  }

  async #connect(): Promise<void> {
    const { connect, pause, report, onFailure } = this.#options;
    const { blockedBy } = pause;
    if (blockedBy) {
      onFailure(blockedBy);
      return;
    }
    this.#logins += 1;
    if (this.#links.size === 0) report.connecting();
    try {
      const link = await connect();
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
    const { limits, report, brokenAtOnce, onChange } = this.#options;
    const pooled = new PooledConnection(link, limits.channelsPerConnection);
    link.onLost = (failure) => {
      this.#lost(pooled, failure);
    };
    if (!link.isAlive) {
      this.#failed(brokenAtOnce());
      return;
    }
    this.#links.add(pooled);
    report.online(link);
    onChange();
  }

  /** There is no new link. While old ones live, those who wait go on waiting for them. */
  #failed(error: Error): void {
    const { pause, report, onFailure } = this.#options;
    pause.failed(error);
    if (this.isHopeful || this.#isClosed) return;
    report.failed(error);
    onFailure(error);
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
