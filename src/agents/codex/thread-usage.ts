import { type Tokens, type Usage } from '../adapter.js';
import { spentSince } from '../stream/conversation-usage.js';
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
  return {
    ...spentSince(whole, spentBefore),
    costUsd: null,
    costIsEstimate: false,
    contextWindow: null,
    contextTokens: null,
  };
};
