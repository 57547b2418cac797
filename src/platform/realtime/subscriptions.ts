import { Logger } from '@nestjs/common';
import { type Socket } from 'socket.io';
import { DomainError, toFailure } from '../errors/index.js';
import { type EventLog } from '../events/index.js';
import { pumpEvents } from './event-pump.js';
import { retryPause } from './pauses.js';
import { roomToSend } from './socket-room.js';

/** More streams than any console shows; a bound on what one client can make the server do. */
export const MAX_STREAMS = 1_000;

export class TooManySubscriptions extends DomainError {
  readonly code = 'events/too-many-subscriptions';
  readonly status = 429;

  constructor() {
    super(`One connection can follow at most ${MAX_STREAMS} streams`);
  }
}

/** The streams that one socket follows, each with its own pump. */
export class Subscriptions {
  private readonly log = new Logger(Subscriptions.name);
  private readonly pumps = new Map<string, AbortController>();

  constructor(
    private readonly socket: Socket,
    private readonly events: Pick<EventLog, 'read' | 'subscribe'>,
  ) {}

  /**
   * Follows a stream from a cursor on; a stream that is followed already starts again there. `confirm` is called with
   * the newest `seq` before any event of the new cursor, and after every event of the old one.
   */
  async follow(stream: string, after: number, confirm: (head: number) => void): Promise<void> {
    this.leave(stream);
    if (this.pumps.size >= MAX_STREAMS) throw new TooManySubscriptions();
    const pump = new AbortController();
    this.pumps.set(stream, pump);
    try {
      const { head } = await this.events.read(stream, after, 1);
      confirm(head);
    } catch (error) {
      this.forget(stream, pump);
      throw error;
    }
    void this.pump(stream, after, pump);
  }

  leave(stream: string): void {
    this.pumps.get(stream)?.abort();
    this.pumps.delete(stream);
  }

  leaveAll(): void {
    for (const stream of [...this.pumps.keys()]) this.leave(stream);
  }

  private async pump(stream: string, after: number, pump: AbortController): Promise<void> {
    const { signal } = pump;
    try {
      await pumpEvents(
        {
          log: this.events,
          stream,
          after,
          deliver: async (events) => {
            for (const event of events) this.socket.emit('event', event);
            await roomToSend(this.socket, signal);
          },
          pause: async (error) => {
            this.log.warn('events not read', { stream, reason: String(error) });
            await retryPause(signal);
          },
        },
        signal,
      );
    } catch (error) {
      // The client was so slow that its cursor fell out of the log: it must take a fresh picture.
      this.socket.emit('unsubscribed', { stream, ...toFailure(error) });
    } finally {
      this.forget(stream, pump);
    }
  }

  private forget(stream: string, pump: AbortController): void {
    if (this.pumps.get(stream) === pump) this.pumps.delete(stream);
  }
}
