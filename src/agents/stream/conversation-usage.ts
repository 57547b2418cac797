import { z } from 'zod';
import { type Tokens } from '../adapter.js';

/** What earlier turns have used of a conversation, as a parser's memory keeps it. */
export const spentTokens = z.object({
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheReadTokens: z.number(),
  cacheWriteTokens: z.number(),
  reasoningTokens: z.number().nullable().catch(null),
});

/** What one turn has used, of a conversation of which only the sum is told. */
export const spentSince = (whole: Tokens, before: Tokens | null): Tokens => {
  if (before === null) return whole;
  const turn: Tokens = {
    inputTokens: whole.inputTokens - before.inputTokens,
    outputTokens: whole.outputTokens - before.outputTokens,
    cacheReadTokens: whole.cacheReadTokens - before.cacheReadTokens,
    cacheWriteTokens: whole.cacheWriteTokens - before.cacheWriteTokens,
    reasoningTokens:
      whole.reasoningTokens === null ? null : whole.reasoningTokens - (before.reasoningTokens ?? 0),
  };
  // One that tells of less than before has begun to count anew.
  const isPlausible = Object.values(turn).every((tokens) => tokens === null || tokens >= 0);
  return isPlausible ? turn : whole;
};
