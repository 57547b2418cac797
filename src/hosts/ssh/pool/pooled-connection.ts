import { ChannelSlots } from './channel-slots.js';
import { ChannelRefused, type Link, type LinkChannel } from '../link.js';
import { type SessionBudget } from './session-budget.js';

/** A connection of a pool with its book-keeping: slots, channels held ready, and since when it does nothing. */
export class PooledConnection {
  readonly slots: ChannelSlots;
  /** Channels on which a loader already waits for work; only living ones are in here. */
  readonly warm: LinkChannel[] = [];
  warming = 0;
  #hasServed = false;
  #idleSince = Date.now();

  constructor(
    readonly connection: Link,
    budget: SessionBudget,
    private readonly onFirstServed: () => void,
  ) {
    this.slots = new ChannelSlots(budget);
  }

  /** Opens a channel in a slot that it gives back when both sides have closed; `onFree` is told then. */
  async open(loader: string, onFree: () => void): Promise<LinkChannel> {
    this.slots.take();
    try {
      const channel = await this.connection.open(loader);
      this.slots.opened();
      this.#served();
      const free = (): void => {
        this.slots.closed();
        this.touch();
        onFree();
      };
      channel.closed.then(free, free);
      return channel;
    } catch (error) {
      if (error instanceof ChannelRefused) this.slots.refused();
      else this.slots.abandoned();
      throw error;
    }
  }

  /** Holds a channel ready until it is taken or dies; `onDeath` is told of one that died although its link lives. */
  keepWarm(channel: LinkChannel, onDeath: (livedMs: number) => void): void {
    const since = Date.now();
    const forget = (): void => {
      const index = this.warm.indexOf(channel);
      if (index === -1) return;
      this.warm.splice(index, 1);
      if (this.connection.isAlive) onDeath(Date.now() - since);
    };
    const bury = (): void => {
      forget();
      channel.close();
    };
    channel.onExit = bury;
    channel.closed.then(forget, forget);
    this.warm.push(channel);
    // It may have ended before anybody could be told.
    if (!channel.isOpen) bury();
  }

  /** A channel whose loader waits, if there is one. */
  takeWarm(): LinkChannel | undefined {
    for (let channel = this.warm.pop(); channel; channel = this.warm.pop()) {
      channel.onExit = () => undefined;
      if (this.connection.isAlive && channel.isOpen) {
        this.touch();
        return channel;
      }
      channel.close();
    }
    return undefined;
  }

  dropWarm(): void {
    for (const channel of this.warm.splice(0)) channel.close();
  }

  touch(): void {
    this.#idleSince = Date.now();
  }

  /** Whether it ever carried a channel: a link that breaks before is a failed attempt. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  /** Milliseconds since it last carried anything but warm channels. */
  get idleMs(): number {
    const isBusy = this.slots.inUse > this.warm.length + this.warming;
    return isBusy ? 0 : Date.now() - this.#idleSince;
  }

  #served(): void {
    if (this.#hasServed) return;
    this.#hasServed = true;
    this.onFirstServed();
  }
}
