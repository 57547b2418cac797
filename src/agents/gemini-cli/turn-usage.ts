import { type Usage } from '../adapter.js';
import { type Stats } from './stream-events.js';

/**
 * What the requests of one turn have used, those for the choice of a model too. What the model thought is told only as
 * the rest of the total. Neither the cost nor the size of the context is told: a sum says nothing of the last request.
 */
export const turnUsage = ({ total_tokens, input_tokens, output_tokens, cached }: Stats): Usage => ({
  inputTokens: Math.max(0, input_tokens - cached),
  outputTokens: Math.max(output_tokens, total_tokens - input_tokens),
  cacheReadTokens: cached,
  cacheWriteTokens: 0,
  reasoningTokens: Math.max(0, total_tokens - input_tokens - output_tokens),
  costUsd: null,
  costIsEstimate: false,
  contextWindow: null,
  contextTokens: null,
});
