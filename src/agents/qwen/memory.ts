import { z } from 'zod';
import { type ParserState } from '../adapter.js';

/** What the parser remembers between two lines. Read leniently: it may have been stored by an older version. */
const memorySchema = z.object({
  /** What the parser of the stream remembers, which is that of Claude Code. */
  stream: z.record(z.string(), z.unknown()).catch({}),
  /** The last piece of text, which looks like an error and is held back until it is known for one. */
  suspect: z.string().nullable().catch(null),
  /** Text was said before that, in the same message. */
  spoke: z.boolean().catch(false),
  /** What the CLI has written in place of an answer. */
  apiError: z.string().nullable().catch(null),
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
