import { type Channel, type ChannelPriority } from '../channel.js';
import { type PoolLimits } from './pool-limits.js';
import { type PoolLinks } from './pool-links.js';
import { type PoolTimers } from './pool-timers.js';
import { type PooledConnection } from './pooled-connection.js';

export interface WarmChannelsOptions {
  links: PoolLinks;
  loader: string;
  limits: PoolLimits;
  timers: PoolTimers;
  /** Called when a channel was given back or became ready. */
  onRoom: () => void;
}

/** Loaders that already run on a host with work, so that the next piece of work starts in one round trip. */
export class WarmChannels {
  readonly #options: WarmChannelsOptions;
  #lastAskedAt = 0;
  #isStopped = false;

  constructor(options: WarmChannelsOptions) {
    this.#options = options;
  }

  /** Somebody needs a channel: the host counts as having work from now on. */
  asked(): void {
    this.#lastAskedAt = Date.now();
  }

  /** The last one is kept for what a person waits for: the start of a run, or its end. */
  take(priority: ChannelPriority): Channel | undefined {
    const { links, limits, timers } = this.#options;
    const isUrgent = priority === 'control' || priority === 'start';
    let ready = 0;
    for (const { warm } of links) ready += warm.length;
    if (ready <= (isUrgent ? 0 : 1)) return undefined;
    for (const pooled of links) {
      const channel = pooled.takeWarm();
      if (!channel) continue;
      timers.once('refill', limits.refillAfterMs, () => {
        this.refill();
      });
      return channel;
    }
    return undefined;
  }

  /** Opens what is missing, where there is room. */
  refill(): void {
    if (this.#isStopped || this.#isForgotten) return;
    const { links, limits } = this.#options;
    let missing = limits.warmChannels;
    for (const { warm, warming } of links) missing -= warm.length + warming;
    for (; missing > 0; missing -= 1) {
      const pooled = links.roomiest('bulk');
      if (!pooled) return;
      void this.#warmUp(pooled);
    }
  }

  /** Lets go of them when the host has had no work for a while. */
  dropForgotten(): void {
    if (!this.#isForgotten) return;
    for (const pooled of this.#options.links) pooled.dropWarm();
  }

  stop(): void {
    this.#isStopped = true;
  }

  get #isForgotten(): boolean {
    return Date.now() - this.#lastAskedAt > this.#options.limits.warmForMs;
  }

  async #warmUp(pooled: PooledConnection): Promise<void> {
    const { loader, onRoom } = this.#options;
    pooled.warming += 1;
    try {
      const channel = await pooled.open(loader, onRoom);
      pooled.keepWarm(channel);
    } catch {
      // Nobody waits for it, and whoever needs a channel next learns what is wrong.
    } finally {
      pooled.warming -= 1;
    }
    onRoom();
  }
}
