import { z } from 'zod';
import { type ParserState } from '../adapter.js';
import { spentTokens } from '../stream/conversation-usage.js';

/** What the parser remembers between two lines. Read leniently: it may have been stored by an older version. */
const memorySchema = z.object({
  spoke: z.boolean().catch(false),
  pondered: z.boolean().catch(false),
  /** What the thread had used before this turn. */
  spentBefore: spentTokens.nullable().catch(null),
  /** How the turn ended, in the CLI's words; null until it has. */
  end: z
    .union([
      z.object({ completed: z.literal(true) }),
      z.object({ completed: z.literal(false), reason: z.string() }),
    ])
    .nullable()
    .catch(null),
});
export type Memory = z.infer<typeof memorySchema>;

export const readMemory = (state: ParserState): Memory => memorySchema.parse(state.memory);
