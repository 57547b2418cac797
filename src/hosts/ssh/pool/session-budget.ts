/**
 * What the connections of one pool have learnt of the limit of their server, for those that are made later: the first
 * one finds out by refusals, the next ones begin there.
 */
export class SessionBudget {
  #mostOpen = 1;
  #isLimited = false;

  constructor(readonly limit: number) {}

  /** Channels that a new connection may carry. */
  get initial(): number {
    return this.#isLimited ? Math.min(this.limit, this.#mostOpen) : this.limit;
  }

  /** A connection had so many channels at once. */
  carried(open: number): void {
    this.#mostOpen = Math.max(this.#mostOpen, open);
  }

  /** A connection was refused more, again and again. */
  refused(): void {
    this.#isLimited = true;
  }
}
