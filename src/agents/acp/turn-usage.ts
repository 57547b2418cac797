import { type Tokens, type Usage } from '../adapter.js';
import { type Memory } from './memory.js';
import { type Prompted, type ToldTokens } from './protocol.js';

/**
 * What the turn has used: as it is told with the end of it, else what its calls of the model were told to have used.
 *
 * @param isFresh the cost is told of the conversation: only of a new one is it that of the turn.
 */
export const usageOf = (
  { usage, _meta }: Prompted,
  ofCalls: Usage | null,
  { used, size, cost }: Memory['context'],
  isFresh: boolean,
): Usage | null => {
  const told = usage ? tokensOf(usage) : null;
  const count = _meta?.quota?.token_count;
  const plain = count ? tokensOf({ ...NONE, ...named(count) }) : null;
  const tokens = told ?? ofCalls ?? plain;
  if (tokens === null) return null;
  return {
    ...{ ...UNTOLD, ...tokens, contextWindow: size, contextTokens: used },
    // Nothing is what agents tell who do not know it.
    costUsd: isFresh && cost !== null && cost > 0 ? cost : null,
  };
};

const NONE = {
  totalTokens: null,
  thoughtTokens: null,
  cachedReadTokens: null,
  cachedWriteTokens: null,
};
const UNTOLD = { costUsd: null, costIsEstimate: false, contextWindow: null, contextTokens: null };

const named = (count: {
  input_tokens?: number | null | undefined;
  output_tokens?: number | null | undefined;
}): Pick<ToldTokens, 'inputTokens' | 'outputTokens'> => ({
  ...{ inputTokens: count.input_tokens, outputTokens: count.output_tokens },
});

/** The model of the last answer that is told by its name. */
export const modelOf = ({ _meta }: Prompted): string | null =>
  _meta?.quota?.model_usage?.findLast(({ model }) => model !== 'auto')?.model ?? null;

/**
 * Agents do not agree on whether what was cached is part of the input, and what was thought part of the output: the
 * total tells. Null when nothing is told.
 */
export const tokensOf = (told: ToldTokens): Tokens | null => {
  const { inputTokens: input, outputTokens: output, totalTokens: total } = told;
  if (typeof input !== 'number' || typeof output !== 'number') return null;
  const cacheReadTokens = told.cachedReadTokens ?? 0;
  const cacheWriteTokens = told.cachedWriteTokens ?? 0;
  const cached = cacheReadTokens + cacheWriteTokens;
  const thought = told.thoughtTokens ?? 0;
  const isCachedInInput = typeof total === 'number' && total < input + output + cached;
  const counted = input + output + (isCachedInInput ? 0 : cached);
  return {
    inputTokens: Math.max(0, isCachedInInput ? input - cached : input),
    outputTokens: total === counted + thought ? output + thought : output,
    ...{ cacheReadTokens, cacheWriteTokens, reasoningTokens: told.thoughtTokens ?? null },
  };
};

/** The sum, after one more call of the model. */
export const added = (sum: Usage | null, call: Tokens): Usage => ({
  ...UNTOLD,
  inputTokens: (sum?.inputTokens ?? 0) + call.inputTokens,
  outputTokens: (sum?.outputTokens ?? 0) + call.outputTokens,
  cacheReadTokens: (sum?.cacheReadTokens ?? 0) + call.cacheReadTokens,
  cacheWriteTokens: (sum?.cacheWriteTokens ?? 0) + call.cacheWriteTokens,
  reasoningTokens:
    call.reasoningTokens === null && sum === null
      ? null
      : (sum?.reasoningTokens ?? 0) + (call.reasoningTokens ?? 0),
});
