import { type Channel, type ChannelPriority } from '../../channel.js';
import { type PoolLimits } from './pool-limits.js';
import { type PoolLinks } from './pool-links.js';
import { type PoolTimers } from './pool-timers.js';
import { type PooledConnection } from './pooled-connection.js';

/** A loader that ends sooner by itself was ended by the host: a login shell that is none, or that exits on its own. */
const SETTLED_MS = 10_000;
const SHORTEST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 60_000;

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
  /** Early deaths since a warm channel was last of use. */
  #deaths = 0;
  #pauseUntil = 0;
  #isStopped = false;

  constructor(options: WarmChannelsOptions) {
    this.#options = options;
  }

  /** Somebody needs a channel: the host counts as having work from now on. */
  asked(): void {
    this.#lastAskedAt = Date.now();
  }

  /** The last one is kept for what a person waits for, the start of a run or its end, while others can be opened. */
  take(priority: ChannelPriority, canOpen: boolean): Channel | undefined {
    const { links, limits } = this.#options;
    const isUrgent = priority === 'control' || priority === 'start';
    let ready = 0;
    for (const { warm } of links) ready += warm.length;
    if (ready <= (isUrgent || !canOpen ? 0 : 1)) return undefined;
    for (const pooled of links) {
      const channel = pooled.takeWarm();
      if (!channel) continue;
      this.#refillIn(limits.refillAfterMs);
      channel.closed.then(
        ({ code }) => {
          if (code === 0) this.#workedWell();
        },
        () => undefined,
      );
      return channel;
    }
    return undefined;
  }

  /** Opens what is missing, where there is room; after early deaths ever more seldom. */
  refill(): void {
    if (this.#isStopped || this.#isForgotten) return;
    const pauseMs = this.#pauseUntil - Date.now();
    if (pauseMs > 0) {
      this.#refillIn(pauseMs);
      return;
    }
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

  #refillIn(delayMs: number): void {
    this.#options.timers.once('refill', delayMs, () => {
      this.refill();
    });
  }

  #workedWell(): void {
    this.#deaths = 0;
    this.#pauseUntil = 0;
  }

  #died(livedMs: number): void {
    // Those that were opened together die of one cause.
    if (livedMs >= SETTLED_MS || Date.now() < this.#pauseUntil) return;
    this.#pauseUntil =
      Date.now() + Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** this.#deaths);
    this.#deaths += 1;
  }

  async #warmUp(pooled: PooledConnection): Promise<void> {
    const { loader, onRoom } = this.#options;
    pooled.warming += 1;
    try {
      const channel = await pooled.open(loader, onRoom);
      pooled.keepWarm(channel, (livedMs) => {
        this.#died(livedMs);
      });
    } catch {
      // Nobody waits for it, and whoever needs a channel next learns what is wrong.
    } finally {
      pooled.warming -= 1;
    }
    onRoom();
  }
}
