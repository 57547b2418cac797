import { z } from 'zod';
import { type ParserState } from '../adapter.js';
import { voice } from '../claude-code/memory.js';
import { spentTokens } from '../stream/conversation-usage.js';

const nullableText = z.string().nullable().catch(null);

const sessionError = z.object({
  /** The CLI's own name for it: `authentication`, `rate_limit`, `quota`, `query`, ... */
  type: nullableText,
  /** The provider's. */
  code: nullableText,
  status: z.number().nullable().catch(null),
  message: z.string(),
});
export type SessionError = z.infer<typeof sessionError>;

/** What the parser remembers between two lines. Read leniently: it may have been stored by an older version. */
const memorySchema = z.object({
  answer: voice,
  thoughts: voice,
  tools: z
    .record(z.string(), z.object({ name: z.string(), summary: z.string().nullable() }))
    .catch({}),
  /** What went wrong, unless the model has answered since. */
  error: sessionError.nullable().catch(null),
  /** It was told to stop. */
  aborted: z.boolean().catch(false),
  /** A request to a model went well, and its answer was not told yet. */
  isAnswered: z.boolean().catch(false),
  /** Pieces of the answer, each of which was cut off. */
  cut: z.array(z.string()).catch([]),
  /** The last answer was not all of it, as far as one can tell. */
  endsCut: z.boolean().catch(false),
  /** What the conversation had used before this turn. */
  spentBefore: spentTokens.nullable().catch(null),
  /** How the turn ended; null until it has. */
  exitCode: z.number().nullable().catch(null),
});
export type Memory = z.infer<typeof memorySchema>;

export const readMemory = (state: ParserState): Memory => memorySchema.parse(state.memory);
