import { type Usage } from '../../../agents/index.js';

/** What a turn has used in all its attempts. The size of the context is that of the last one. */
export const usageWith = (before: Usage | null, last: Usage | null): Usage | null => {
  if (before === null || last === null) return last ?? before;
  return {
    inputTokens: before.inputTokens + last.inputTokens,
    outputTokens: before.outputTokens + last.outputTokens,
    cacheReadTokens: before.cacheReadTokens + last.cacheReadTokens,
    cacheWriteTokens: before.cacheWriteTokens + last.cacheWriteTokens,
    reasoningTokens: known(before.reasoningTokens, last.reasoningTokens),
    costUsd: known(before.costUsd, last.costUsd),
    costIsEstimate: before.costIsEstimate || last.costIsEstimate,
    contextWindow: last.contextWindow,
    contextTokens: last.contextTokens,
  };
};

/** The sum of what is known; null when nothing is. */
const known = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (other ?? one) : one + other;
