import { type Usage } from '../adapter.js';
import { type ThreadUsage } from './stream-events.js';

type Tokens = Pick<Usage, 'inputTokens' | 'outputTokens' | 'cacheReadTokens' | 'cacheWriteTokens'>;

/**
 * What one turn has used, of a thread of which only the sum is told. Neither the cost nor the size of the context is:
 * the sum of several requests says nothing of the last one.
 */
export const turnUsage = (thread: ThreadUsage, spentBefore: Tokens | null): Usage => {
  const { cached_input_tokens: cacheReadTokens, cache_write_input_tokens: cacheWriteTokens } =
    thread;
  const whole: Tokens = {
    inputTokens: Math.max(0, thread.input_tokens - cacheReadTokens - cacheWriteTokens),
    outputTokens: thread.output_tokens,
    cacheReadTokens,
    cacheWriteTokens,
  };
  const unknown = { costUsd: null, contextWindow: null, contextTokens: null };
  const turn = spentBefore === null ? whole : difference(whole, spentBefore);
  // A thread that tells of less than before has begun to count anew.
  const isPlausible = Object.values(turn).every((tokens) => tokens >= 0);
  return { ...(isPlausible ? turn : whole), ...unknown };
};

const difference = (whole: Tokens, before: Tokens): Tokens => ({
  inputTokens: whole.inputTokens - before.inputTokens,
  outputTokens: whole.outputTokens - before.outputTokens,
  cacheReadTokens: whole.cacheReadTokens - before.cacheReadTokens,
  cacheWriteTokens: whole.cacheWriteTokens - before.cacheWriteTokens,
});
