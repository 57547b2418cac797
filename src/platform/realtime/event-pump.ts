import { DomainError } from '../errors/index.js';
import { type EventLog, type LoggedEvent } from '../events/index.js';
import { Bell } from './bell.js';

export interface PumpedStream {
  log: Pick<EventLog, 'read' | 'subscribe'>;
  stream: string;
  /** Everything behind this `seq` is delivered. */
  after: number;
  /** Takes events, in order; resolves when there is room for more. */
  deliver: (events: LoggedEvent[]) => Promise<void>;
  /** Called before each new try after the log could not be read; resolves when it is time for that. */
  pause: (error: unknown, signal: AbortSignal) => Promise<void>;
}

/** What is read, and so held in memory, at a time. */
const PAGE_EVENTS = 100;

/**
 * Delivers the events of a stream from a cursor on, without gap or repeat, and then live, until `signal` aborts. One
 * page is in flight: a slow receiver slows the reading down and nothing piles up.
 *
 * @throws {DomainError} when the log will never answer this cursor (`events/cursor-expired`).
 */
export const pumpEvents = async (pumped: PumpedStream, signal: AbortSignal): Promise<void> => {
  const { log, stream, deliver, pause } = pumped;
  const bell = new Bell();
  const ring = (): void => {
    bell.ring();
  };
  const unsubscribe = log.subscribe(stream, ring);
  signal.addEventListener('abort', ring);
  let cursor = pumped.after;
  try {
    while (!signal.aborted) {
      // Silenced before the reading: what is appended meanwhile rings again.
      bell.silence();
      const page = await log.read(stream, cursor, PAGE_EVENTS).catch(async (error: unknown) => {
        if (error instanceof DomainError) throw error;
        await pause(error, signal);
        return null;
      });
      if (isAborted(signal) || page === null) continue;
      const last = page.events.at(-1);
      if (last === undefined) {
        await bell.rung();
        continue;
      }
      await deliver(page.events);
      cursor = last.seq;
    }
  } finally {
    signal.removeEventListener('abort', ring);
    unsubscribe();
  }
};

/** A call, since the compiler believes that what it saw before an await still holds after it. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;
