import { z } from 'zod';
import { type ParserState } from '../adapter.js';

const nullableText = z.string().nullable().catch(null);

/** What the parser remembers between two lines. Read leniently: it may have been stored by an older version. */
const memorySchema = z.object({
  model: nullableText,
  /** Message that `ParserState.text` is taken from while there is no result. */
  messageId: nullableText,
  /** Text of the unfinished block that clients have seen, and how much of it the current attempt has repeated. */
  shown: z.string().catch(''),
  shownAgain: z.number().catch(0),
  spoke: z.boolean().catch(false),
  tools: z
    .record(z.string(), z.object({ name: z.string(), summary: z.string().nullable() }))
    .catch({}),
  contextTokens: z.number().nullable().catch(null),
  /** Kind of the request that failed last, in the CLI's words: `rate_limit`, `authentication_failed`, ... */
  apiError: nullableText,
  limitResetsAt: nullableText,
  result: z
    .object({
      success: z.boolean(),
      subtype: nullableText,
      status: z.number().nullable().catch(null),
      apiError: nullableText,
      reason: nullableText,
      /** What the CLI itself says about a failure. */
      errorText: nullableText,
    })
    .nullable()
    .catch(null),
});
export type Memory = z.infer<typeof memorySchema>;
export type StoredResult = NonNullable<Memory['result']>;

export const readMemory = (state: ParserState): Memory => memorySchema.parse(state.memory);
