import { type Usage } from '../../../agents/index.js';

/** The sum over turns; what a window holds can't be summed. */
export const totalUsage = (usages: readonly (Usage | null)[]): Usage => {
  const known = usages.filter((usage) => usage !== null);
  const sum = (of: (usage: Usage) => number): number =>
    known.reduce((total, usage) => total + of(usage), 0);
  const thought = known.filter(({ reasoningTokens }) => reasoningTokens !== null);
  const priced = known.filter(({ costUsd }) => costUsd !== null);
  return {
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    cacheReadTokens: sum(({ cacheReadTokens }) => cacheReadTokens),
    cacheWriteTokens: sum(({ cacheWriteTokens }) => cacheWriteTokens),
    reasoningTokens:
      thought.length === 0 ? null : sum(({ reasoningTokens }) => reasoningTokens ?? 0),
    costIsEstimate: known.some(({ costIsEstimate }) => costIsEstimate),
    costUsd: priced.length === 0 ? null : sum(({ costUsd }) => costUsd ?? 0),
    contextWindow: null,
    contextTokens: null,
  };
};
