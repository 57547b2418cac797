import { type Channel, type ChannelPriority } from '../../channel.js';

const ORDER: readonly ChannelPriority[] = ['control', 'start', 'follow', 'bulk'];

/** Somebody who waits for a channel. */
export interface Waiter {
  readonly priority: ChannelPriority;
  readonly arrivedAt: number;
  /** False once it was answered, was aborted or ran out of time. */
  readonly isWaiting: boolean;
  /** Links that broke or were silent under it so far. */
  badLinks: number;
  /** What the server last said against it. */
  refusal: string | null;
  resolve(channel: Channel): void;
  reject(error: Error): void;
}

interface Lane {
  readonly waiters: Waiter[];
  movedAt: number;
}

export interface ChannelQueueOptions {
  /** How long one waits while nobody of the same urgency is served. */
  patienceMs: number;
  /** Makes the error for a wait that took longer. */
  onTimeout: (waiter: Waiter) => Error;
}

/**
 * Who waits for a channel: by urgency, then in the order of arrival. A crowd waits as long as it is being served; every
 * wait ends, since each one served brings the next one nearer.
 */
export class ChannelQueue {
  readonly #options: ChannelQueueOptions;
  readonly #lanes = new Map<ChannelPriority, Lane>(
    ORDER.map((priority) => [priority, { waiters: [], movedAt: 0 }]),
  );

  constructor(options: ChannelQueueOptions) {
    this.#options = options;
  }

  add(priority: ChannelPriority, signal?: AbortSignal): Promise<Channel> {
    const { patienceMs, onTimeout } = this.#options;
    const lane = this.#lane(priority);
    return new Promise((resolve, reject) => {
      let isWaiting = true;
      let deadline: NodeJS.Timeout;
      const end = (): boolean => {
        if (!isWaiting) return false;
        isWaiting = false;
        clearTimeout(deadline);
        signal?.removeEventListener('abort', onAbort);
        remove(lane.waiters, waiter);
        return true;
      };
      const arrivedAt = Date.now();
      const waiter: Waiter = {
        priority,
        arrivedAt,
        get isWaiting() {
          return isWaiting;
        },
        badLinks: 0,
        refusal: null,
        resolve: (channel) => {
          if (!end()) return;
          lane.movedAt = Date.now();
          resolve(channel);
        },
        reject: (error) => {
          if (end()) reject(error);
        },
      };
      const onAbort = (): void => {
        waiter.reject(signal?.reason as Error);
      };
      const waitOn = (): void => {
        const patienceLeftMs = Math.max(arrivedAt, lane.movedAt) + patienceMs - Date.now();
        if (patienceLeftMs <= 0) waiter.reject(onTimeout(waiter));
        else deadline = setTimeout(waitOn, patienceLeftMs);
      };
      waitOn();
      signal?.addEventListener('abort', onAbort, { once: true });
      lane.waiters.push(waiter);
    });
  }

  get length(): number {
    let length = 0;
    for (const { waiters } of this.#lanes.values()) length += waiters.length;
    return length;
  }

  /** Milliseconds for which some of those who wait have seen nobody of the same urgency served. */
  get stalledMs(): number {
    let since = Infinity;
    for (const { waiters, movedAt } of this.#lanes.values()) {
      const [first] = waiters;
      if (first) since = Math.min(since, Math.max(first.arrivedAt, movedAt));
    }
    return since === Infinity ? 0 : Date.now() - since;
  }

  get first(): Waiter | undefined {
    for (const priority of ORDER) {
      const [waiter] = this.#lane(priority).waiters;
      if (waiter) return waiter;
    }
    return undefined;
  }

  shift(): void {
    const { first } = this;
    if (first) this.#lane(first.priority).waiters.shift();
  }

  /** Puts one back who was sent away: it keeps its turn. */
  putBack(waiter: Waiter): void {
    if (waiter.isWaiting) this.#lane(waiter.priority).waiters.unshift(waiter);
  }

  /** There will soon be more channels: all wait on with new patience. */
  encourage(): void {
    for (const lane of this.#lanes.values()) lane.movedAt = Date.now();
  }

  rejectAll(error: Error): void {
    for (let waiter = this.first; waiter; waiter = this.first) waiter.reject(error);
  }

  #lane(priority: ChannelPriority): Lane {
    const lane = this.#lanes.get(priority);
    if (!lane) throw new RangeError(priority);
    return lane;
  }
}

const remove = (waiters: Waiter[], waiter: Waiter): void => {
  const index = waiters.indexOf(waiter);
  if (index !== -1) waiters.splice(index, 1);
};
