import { type Usage } from '../adapter.js';
import { type TurnUsage } from './stream-events.js';

/** What the turn has used. Of its requests only the sum is told, which says nothing of the size of the context. */
export const turnUsage = (told: TurnUsage): Usage => ({
  inputTokens: told.input_tokens,
  outputTokens: told.output_tokens,
  cacheReadTokens: told.cache_read_input_tokens,
  cacheWriteTokens: told.cache_creation_input_tokens,
  reasoningTokens: null,
  costUsd: null,
  costIsEstimate: false,
  contextWindow: null,
  contextTokens: null,
});
