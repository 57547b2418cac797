import { type ChannelPriority } from '../../channel.js';
import { type SessionBudget } from './session-budget.js';

const RAISE_AFTER_MS = 60_000;
const REFUSALS_BEFORE_LOWERING = 3;
const LONGEST_PAUSE_MS = 1_000;
/** With fewer, a spare one costs too much: then control gets a connection of its own when all are full. */
const FEWEST_WITH_A_SPARE = 4;

/**
 * How many channels one connection may carry. A server counts a channel until it is closed on both sides, so a refusal
 * below its limit is normal: pause a little. Only a row of refusals without any close between lowers the number.
 */
export class ChannelSlots {
  readonly #budget: SessionBudget;
  #inUse = 0;
  #open = 0;
  #cap: number;
  #refusalsInRow = 0;
  #refusalsWhenEmpty = 0;
  #pausedUntil = 0;
  #raiseAt = Number.POSITIVE_INFINITY;

  constructor(budget: SessionBudget) {
    this.#budget = budget;
    this.#cap = budget.initial;
    if (this.#cap < budget.limit) this.#raiseAt = Date.now() + RAISE_AFTER_MS;
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** Milliseconds until it is worth asking the server again. */
  get pauseMs(): number {
    return Math.max(0, this.#pausedUntil - Date.now());
  }

  /** How many channels it may carry for work of this kind: one slot is kept free for control. */
  usable(priority: ChannelPriority): number {
    return priority === 'control' || this.#cap < FEWEST_WITH_A_SPARE ? this.#cap : this.#cap - 1;
  }

  hasRoomFor(priority: ChannelPriority): boolean {
    if (this.pauseMs > 0) return false;
    if (Date.now() >= this.#raiseAt) this.#raise();
    return this.#inUse < this.usable(priority);
  }

  take(): void {
    this.#inUse += 1;
  }

  opened(): void {
    this.#open += 1;
    this.#budget.carried(this.#open);
    this.#refusalsInRow = 0;
    this.#refusalsWhenEmpty = 0;
  }

  /** The channel is closed on both sides. */
  closed(): void {
    this.#inUse -= 1;
    this.#open -= 1;
    this.#refusalsInRow = 0;
  }

  /** The server took no channel; the slot is free again. */
  refused(): void {
    this.#inUse -= 1;
    // Requests that were under way together get one answer: only the first of them tells something.
    if (this.pauseMs > 0) return;
    this.#refusalsInRow += 1;
    this.#refusalsWhenEmpty = this.#open === 0 ? this.#refusalsWhenEmpty + 1 : 0;
    if (this.#refusalsInRow >= REFUSALS_BEFORE_LOWERING && this.#open > 0) {
      this.#cap = Math.min(this.#cap, this.#open);
      this.#budget.refused();
      this.#refusalsInRow = 0;
      this.#raiseAt = Date.now() + RAISE_AFTER_MS;
    }
    const pauseMs =
      (5 + Math.random() * 15) * 2 ** Math.min(8, Math.max(0, this.#refusalsWhenEmpty - 1));
    this.#pausedUntil = Date.now() + Math.min(LONGEST_PAUSE_MS, pauseMs);
  }

  /** The connection broke, or was silent, while a channel was being opened: others are asked first now. */
  abandoned(): void {
    this.#inUse -= 1;
    this.#pausedUntil = Date.now() + LONGEST_PAUSE_MS;
  }

  #raise(): void {
    this.#cap = Math.min(this.#budget.limit, this.#cap + 1);
    this.#raiseAt =
      this.#cap < this.#budget.limit ? Date.now() + RAISE_AFTER_MS : Number.POSITIVE_INFINITY;
  }
}
