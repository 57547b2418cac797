import { z } from 'zod';
import { type ParserState } from '../adapter.js';

const tool = z.object({ name: z.string(), summary: z.string().nullable() });

/** What the parser remembers between two lines. Read leniently: it may have been stored by an older version. */
const memorySchema = z.object({
  spoke: z.boolean().catch(false),
  /** The message of which a thought was told last: it is told twice. */
  thought: z.string().nullable().catch(null),
  /** Those that run, by the id of their call. */
  tools: z.record(z.string(), tool).catch({}),
  /** Its last command was ended as Droid ends it when Droid itself is told to end. */
  isStruck: z.boolean().catch(false),
  /** It said that the turn is over; null until it has. */
  end: z
    .object({ completed: z.literal(true) })
    .nullable()
    .catch(null),
  /** Why it failed, in the CLI's words. */
  failure: z.string().nullable().catch(null),
});
export type Memory = z.infer<typeof memorySchema>;

export const readMemory = (state: ParserState): Memory => memorySchema.parse(state.memory);
