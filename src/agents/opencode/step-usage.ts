import { type Tokens, type Usage } from '../adapter.js';
import { type StepFinish } from './stream-events.js';

export const stepTokens = ({
  input,
  output,
  reasoning,
  cache,
}: NonNullable<StepFinish['tokens']>): Tokens => ({
  inputTokens: input,
  outputTokens: output + reasoning,
  cacheReadTokens: cache.read,
  cacheWriteTokens: cache.write,
  reasoningTokens: reasoning,
});

/** What the turn has used with this request. The context is what the last one has read. */
export const addStep = (sum: Usage | null, { tokens, cost }: StepFinish): Usage | null => {
  if (!tokens) return sum;
  const step = stepTokens(tokens);
  const contextTokens = step.inputTokens + step.cacheReadTokens + step.cacheWriteTokens;
  return {
    inputTokens: (sum?.inputTokens ?? 0) + step.inputTokens,
    outputTokens: (sum?.outputTokens ?? 0) + step.outputTokens,
    cacheReadTokens: (sum?.cacheReadTokens ?? 0) + step.cacheReadTokens,
    cacheWriteTokens: (sum?.cacheWriteTokens ?? 0) + step.cacheWriteTokens,
    reasoningTokens: (sum?.reasoningTokens ?? 0) + (step.reasoningTokens ?? 0),
    // It says 0 of a model whose prices it does not know.
    costUsd: cost ? (sum?.costUsd ?? 0) + cost : (sum?.costUsd ?? null),
    costIsEstimate: false,
    contextWindow: null,
    contextTokens: contextTokens > 0 ? contextTokens : (sum?.contextTokens ?? null),
  };
};
