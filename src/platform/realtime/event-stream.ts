import { once } from 'node:events';
import { type Response } from 'express';
import { type EventLog, type LoggedEvent } from '../events/index.js';
import { pumpEvents } from './event-pump.js';
import { retryPause } from './pauses.js';

/** Proxies close what is silent for a minute or less; a comment keeps the line open. */
const HEARTBEAT_MS = 15_000;

export interface StreamedEvents {
  log: Pick<EventLog, 'read' | 'subscribe'>;
  stream: string;
  after: number;
}

/** Writes the events behind a cursor as server-sent events until the client leaves or `stopped` aborts. */
export const streamEvents = async (
  streamed: StreamedEvents,
  response: Response,
  stopped: AbortSignal,
): Promise<void> => {
  const left = new AbortController();
  response.once('close', () => {
    left.abort();
  });
  const signal = AbortSignal.any([left.signal, stopped]);
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    // Without it nginx collects what it should pass on.
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  const heartbeat = setInterval(() => {
    // A line that is full needs no heartbeat, and must not be filled further.
    if (!response.writableNeedDrain) response.write(': alive\n\n');
  }, HEARTBEAT_MS);
  try {
    await pumpEvents(
      {
        ...streamed,
        deliver: async (events) => {
          if (response.write(events.map(toFrame).join(''))) return;
          await once(response, 'drain', { signal }).catch(() => undefined);
        },
        pause: () => retryPause(signal),
      },
      signal,
    );
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
};

const toFrame = (event: LoggedEvent): string =>
  `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
