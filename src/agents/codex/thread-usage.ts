import { type Tokens, type Usage } from '../adapter.js';
import { type ThreadUsage } from './stream-events.js';

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
    reasoningTokens: thread.reasoning_output_tokens,
  };
  const unknown = {
    costUsd: null,
    costIsEstimate: false,
    contextWindow: null,
    contextTokens: null,
  };
  const turn = spentBefore === null ? whole : difference(whole, spentBefore);
  // A thread that tells of less than before has begun to count anew.
  const isPlausible = Object.values(turn).every((tokens) => tokens === null || tokens >= 0);
  return { ...(isPlausible ? turn : whole), ...unknown };
};

const difference = (whole: Tokens, before: Tokens): Tokens => ({
  inputTokens: whole.inputTokens - before.inputTokens,
  outputTokens: whole.outputTokens - before.outputTokens,
  cacheReadTokens: whole.cacheReadTokens - before.cacheReadTokens,
  cacheWriteTokens: whole.cacheWriteTokens - before.cacheWriteTokens,
  reasoningTokens:
    whole.reasoningTokens === null ? null : whole.reasoningTokens - (before.reasoningTokens ?? 0),
});
