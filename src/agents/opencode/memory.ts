import { z } from 'zod';
import { type ParserState } from '../adapter.js';

const failure = z.object({
  name: z.string(),
  message: z.string(),
  status: z.number().nullable(),
  /** What the provider has said itself. */
  body: z.string(),
  headers: z.record(z.string(), z.string()),
});
export type ToldFailure = z.infer<typeof failure>;

/** What the parser remembers between two lines. Read leniently: it may have been stored by an older version. */
const memorySchema = z.object({
  spoke: z.boolean().catch(false),
  /** The message of which there was a piece last, and all of its pieces. */
  message: z.object({ id: z.string(), text: z.string() }).nullable().catch(null),
  /** Why the last request to a model ended; null while one is under way. */
  reason: z.string().nullable().catch(null),
  /** A tool that nobody was there to allow. */
  refused: z.string().nullable().catch(null),
  failure: failure.nullable().catch(null),
  /** It was answered after the failure. */
  wentOn: z.boolean().catch(false),
});
export type Memory = z.infer<typeof memorySchema>;

export const readMemory = (state: ParserState): Memory => memorySchema.parse(state.memory);
