import { type ChannelPriority } from '../channel.js';

const RAISE_AFTER_MS = 60_000;
const REFUSALS_BEFORE_LOWERING = 3;
const LONGEST_PAUSE_MS = 1_000;

/**
 * How many channels one connection may carry. A server counts a channel until it is closed on both sides, so a refusal
 * below its limit is normal: pause a little. Only a row of refusals without any close between lowers the number.
 */
export class ChannelSlots {
  #inUse = 0;
  #cap: number;
  #refusalsInRow = 0;
  #refusalsWhenEmpty = 0;
  #pausedUntil = 0;
  #raiseAt = Number.POSITIVE_INFINITY;

  constructor(readonly limit: number) {
    this.#cap = limit;
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** Milliseconds until it is worth asking the server again. */
  get pauseMs(): number {
    return Math.max(0, this.#pausedUntil - Date.now());
  }

  /** One slot is kept free for control. */
  hasRoomFor(priority: ChannelPriority): boolean {
    if (this.pauseMs > 0) return false;
    if (Date.now() >= this.#raiseAt) this.#raise();
    const usable = priority === 'control' ? this.#cap : Math.max(1, this.#cap - 1);
    return this.#inUse < usable;
  }

  take(): void {
    this.#inUse += 1;
  }

  opened(): void {
    this.#refusalsInRow = 0;
    this.#refusalsWhenEmpty = 0;
  }

  /** The channel is closed on both sides. */
  closed(): void {
    this.#inUse -= 1;
    this.#refusalsInRow = 0;
  }

  /** The server took no channel; the slot is free again. */
  refused(): void {
    this.#inUse -= 1;
    this.#refusalsInRow += 1;
    this.#refusalsWhenEmpty = this.#inUse === 0 ? this.#refusalsWhenEmpty + 1 : 0;
    if (this.#refusalsInRow >= REFUSALS_BEFORE_LOWERING && this.#inUse > 0) {
      this.#cap = Math.min(this.#cap, this.#inUse);
      this.#refusalsInRow = 0;
      this.#raiseAt = Date.now() + RAISE_AFTER_MS;
    }
    const pauseMs =
      (5 + Math.random() * 15) * 2 ** Math.min(8, Math.max(0, this.#refusalsWhenEmpty - 1));
    this.#pausedUntil = Date.now() + Math.min(LONGEST_PAUSE_MS, pauseMs);
  }

  /** The connection broke while a channel was being opened. */
  abandoned(): void {
    this.#inUse -= 1;
  }

  #raise(): void {
    this.#cap = Math.min(this.limit, this.#cap + 1);
    this.#raiseAt = this.#cap < this.limit ? Date.now() + RAISE_AFTER_MS : Number.POSITIVE_INFINITY;
  }
}
