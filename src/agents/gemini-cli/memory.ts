import { z } from 'zod';
import { type ParserState } from '../adapter.js';

/** What the parser remembers between two lines. Read leniently: it may have been stored by an older version. */
const memorySchema = z.object({
  spoke: z.boolean().catch(false),
  /** The unfinished message as clients have seen it. */
  said: z.string().catch(''),
  /** What seems to be that message from its beginning again, and is held back while it does; null when nothing is. */
  again: z.string().nullable().catch(null),
  /** When the last piece of it came: epoch milliseconds. */
  saidAt: z.number().nullable().catch(null),
  tools: z
    .record(z.string(), z.object({ name: z.string(), summary: z.string().nullable() }))
    .catch({}),
  /** What went wrong last, in the CLI's words. */
  complaint: z.string().nullable().catch(null),
  /** How the turn ended; null until it has. */
  end: z
    .union([
      z.object({ succeeded: z.literal(true) }),
      z.object({ succeeded: z.literal(false), reason: z.string() }),
    ])
    .nullable()
    .catch(null),
});
export type Memory = z.infer<typeof memorySchema>;

export const readMemory = (state: ParserState): Memory => memorySchema.parse(state.memory);
