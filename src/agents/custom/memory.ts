import { z } from 'zod';
import { type ParserState } from '../adapter.js';

/** What the parser remembers between two lines. Read leniently: it may have been stored by an older version. */
const memorySchema = z.object({
  /** Of plain text: empty lines that are only part of it if something follows. */
  emptyLines: z.number().catch(0),
  spoke: z.boolean().catch(false),
  pondered: z.boolean().catch(false),
  /** Pieces of the answer since the last whole one. */
  pieces: z.string().catch(''),
  /** The unfinished document, and how many brackets of it are open. */
  document: z.string().catch(''),
  depth: z.number().catch(0),
  /** Behind what there is of it, a bracket may open. */
  takesValue: z.boolean().catch(false),
  /** With which the turn has failed, in the agent's words. */
  error: z.string().nullable().catch(null),
});
export type Memory = z.infer<typeof memorySchema>;

export const readMemory = (state: ParserState): Memory => memorySchema.parse(state.memory);
