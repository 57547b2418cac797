import { z } from 'zod';
import { pageShape, query } from '../http/index.js';

const OF_ONE = /^(session|groupchat|run|remote):(.*)$/;

/** `session:ID`, `groupchat:ID`, `run:ID`, `remote:ID` or `server`. */
export const streamName = z
  .string()
  .max(64)
  .refine((name) => name === 'server' || z.uuid().safeParse(OF_ONE.exec(name)?.[2]).success, {
    message: 'Not a stream: session:ID, groupchat:ID, run:ID, remote:ID or server',
  })
  .describe('`session:ID`, `groupchat:ID`, `run:ID`, `remote:ID` or `server`');

/** The `seq` of the last event that the client has; 0 for none. */
const seq = z.int().min(0);

export const subscribeSchema = z.object({ stream: streamName, after: seq.default(0) });
export const unsubscribeSchema = z.object({ stream: streamName });

export const eventsQuery = query({
  stream: streamName,
  after: z.coerce
    .number<string>()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(0)
    .describe('The `seq` of the last event that you have'),
  limit: pageShape(z.string()).limit,
});
export type EventsQuery = z.infer<typeof eventsQuery>;

export const loggedEventSchema = z
  .object({
    stream: z.string(),
    seq: z.int(),
    type: z.string(),
    at: z.iso.datetime(),
    data: z.unknown(),
  })
  .meta({ id: 'Event' });

export const eventsPageSchema = z
  .object({
    items: z.array(loggedEventSchema),
    head: z.int().describe('The `seq` of the newest event'),
    nextCursor: z.string().nullable().describe('The next `after`; null when nothing is left'),
  })
  .meta({ id: 'EventsPage' });
