import { z } from 'zod';
import { type ParserState } from '../adapter.js';
import { usage } from './stream-events.js';

const nullableText = z.string().nullable().catch(null);

/** What the model says to whoever listens: its answer, or its thoughts. */
export const voice = z
  .object({
    /** The unfinished block as clients have seen it, and how much of it the current attempt has repeated. */
    shown: z.string(),
    shownAgain: z.number(),
    spoke: z.boolean(),
  })
  .catch({ shown: '', shownAgain: 0, spoke: false });
export type Voice = z.infer<typeof voice>;

const modelCall = z.object({ id: nullableText, model: nullableText, usage: usage.nullable() });

/** What the parser remembers between two lines. Read leniently: it may have been stored by an older version. */
const memorySchema = z.object({
  model: nullableText,
  /** Message that `ParserState.text` is taken from while there is no result. */
  messageId: nullableText,
  answer: voice,
  thoughts: voice,
  tools: z
    .record(z.string(), z.object({ name: z.string(), summary: z.string().nullable() }))
    .catch({}),
  /** The message that is being streamed. */
  call: modelCall.nullable().catch(null),
  /** The last message that was told as a call of a model: the session's own, and of each sub-agent. */
  told: z.record(z.string(), z.string()).catch({}),
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
