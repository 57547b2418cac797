import { type Tokens, type Usage } from '../../../agents/index.js';
import { type StoredParserState } from '../storage/turn.entity.js';

/** What a turn has used in all its attempts. The size of the context is that of the last one. */
export const usageWith = (before: Usage | null, last: Usage | null): Usage | null => {
  if (before === null || last === null) return last ?? before;
  return {
    ...tokensWith(before, last),
    costUsd: known(before.costUsd, last.costUsd),
    costIsEstimate: before.costIsEstimate || last.costIsEstimate,
    contextWindow: last.contextWindow,
    contextTokens: last.contextTokens,
  };
};

export const tokensWith = (before: Tokens, more: Tokens): Tokens => ({
  inputTokens: before.inputTokens + more.inputTokens,
  outputTokens: before.outputTokens + more.outputTokens,
  cacheReadTokens: before.cacheReadTokens + more.cacheReadTokens,
  cacheWriteTokens: before.cacheWriteTokens + more.cacheWriteTokens,
  reasoningTokens: known(before.reasoningTokens, more.reasoningTokens),
});

/**
 * What an attempt has used: as its CLI says at its end, or, when it did not come to that, what the calls of its models
 * had used. Null when it told of neither.
 */
export const usageOf = (parser: StoredParserState | null): Usage | null => {
  if (parser?.usage) return parser.usage;
  if (!parser?.called) return null;
  return {
    ...parser.called,
    ...{ costUsd: null, costIsEstimate: false, contextWindow: null, contextTokens: null },
  };
};

/** The sum of what is known; null when nothing is. */
const known = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (other ?? one) : one + other;
