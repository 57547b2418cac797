import { type Channel } from '../channel.js';
import { ChannelSlots } from './channel-slots.js';
import { ChannelRefused, type Connection } from './connection.js';

/** A connection of a pool with its book-keeping: slots, channels held ready, and since when it does nothing. */
export class PooledConnection {
  readonly slots: ChannelSlots;
  /** Channels on which a loader already waits for work; only living ones are in here. */
  readonly warm: Channel[] = [];
  warming = 0;
  /** Whether it ever carried a channel: a link that breaks before is a failed attempt. */
  hasServed = false;
  #idleSince = Date.now();

  constructor(
    readonly connection: Connection,
    channelLimit: number,
  ) {
    this.slots = new ChannelSlots(channelLimit);
  }

  /** Opens a channel in a slot that it gives back when both sides have closed; `onFree` is told then. */
  async open(loader: string, onFree: () => void): Promise<Channel> {
    this.slots.take();
    try {
      const channel = await this.connection.open(loader);
      this.slots.opened();
      this.hasServed = true;
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

  /** Holds a channel ready until it is taken or dies. */
  keepWarm(channel: Channel): void {
    this.warm.push(channel);
    const forget = (): void => {
      const index = this.warm.indexOf(channel);
      if (index !== -1) this.warm.splice(index, 1);
    };
    channel.closed.then(forget, forget);
  }

  takeWarm(): Channel | undefined {
    const channel = this.connection.isAlive ? this.warm.pop() : undefined;
    if (channel) this.touch();
    return channel;
  }

  dropWarm(): void {
    for (const channel of this.warm.splice(0)) channel.close();
  }

  touch(): void {
    this.#idleSince = Date.now();
  }

  /** Milliseconds since it last carried anything but warm channels. */
  get idleMs(): number {
    const isBusy = this.slots.inUse > this.warm.length + this.warming;
    return isBusy ? 0 : Date.now() - this.#idleSince;
  }
}
