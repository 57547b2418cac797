import { type Channel, type ChannelPriority } from '../channel.js';

const ORDER: readonly ChannelPriority[] = ['control', 'start', 'follow', 'bulk'];

/** Somebody who waits for a channel. */
export interface Waiter {
  readonly priority: ChannelPriority;
  /** False once it was answered, was aborted or ran out of time. */
  readonly isWaiting: boolean;
  /** Links that broke under it so far. */
  brokenLinks: number;
  /** What the server last said against it. */
  refusal: string | null;
  resolve(channel: Channel): void;
  reject(error: Error): void;
}

/** Who waits for a channel: by urgency, then in the order of arrival. Every wait ends. */
export class ChannelQueue {
  readonly #lanes = new Map<ChannelPriority, Waiter[]>(ORDER.map((priority) => [priority, []]));

  /** `onTimeout` makes the error for a wait that took longer than `timeoutMs`. */
  add(
    priority: ChannelPriority,
    timeoutMs: number,
    onTimeout: (waiter: Waiter) => Error,
    signal?: AbortSignal,
  ): Promise<Channel> {
    return new Promise((resolve, reject) => {
      let isWaiting = true;
      const end = (): boolean => {
        if (!isWaiting) return false;
        isWaiting = false;
        clearTimeout(deadline);
        signal?.removeEventListener('abort', onAbort);
        this.#remove(waiter);
        return true;
      };
      const waiter: Waiter = {
        priority,
        get isWaiting() {
          return isWaiting;
        },
        brokenLinks: 0,
        refusal: null,
        resolve: (channel) => {
          if (end()) resolve(channel);
        },
        reject: (error) => {
          if (end()) reject(error);
        },
      };
      const onAbort = (): void => {
        waiter.reject(signal?.reason as Error);
      };
      const deadline = setTimeout(() => {
        waiter.reject(onTimeout(waiter));
      }, timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#lane(priority).push(waiter);
    });
  }

  get isEmpty(): boolean {
    return this.first === undefined;
  }

  get first(): Waiter | undefined {
    for (const priority of ORDER) {
      const [waiter] = this.#lane(priority);
      if (waiter) return waiter;
    }
    return undefined;
  }

  shift(): void {
    const { first } = this;
    if (first) this.#lane(first.priority).shift();
  }

  /** Puts one back who was sent away: it keeps its turn. */
  putBack(waiter: Waiter): void {
    if (waiter.isWaiting) this.#lane(waiter.priority).unshift(waiter);
  }

  rejectAll(error: Error): void {
    for (let waiter = this.first; waiter; waiter = this.first) waiter.reject(error);
  }

  #remove(waiter: Waiter): void {
    const lane = this.#lane(waiter.priority);
    const index = lane.indexOf(waiter);
    if (index !== -1) lane.splice(index, 1);
  }

  #lane(priority: ChannelPriority): Waiter[] {
    return this.#lanes.get(priority) ?? [];
  }
}
