import { type Usage } from './adapter.js';

/** Where the prices come from: estimates are as good as this list was on that day. */
export const PRICE_LIST = {
  source: '@pydantic/genai-prices',
  version: '0.1.8',
  date: '2026-09-23',
} as const;

/**
 * A usage whose CLI has told no cost, with the one that its provider lists for the model, marked as an estimate. Unchanged
 * when there is a cost, or no price for such a model. Discounts, subscriptions and prices by the length of single requests
 * are not known here.
 *
 * @param model as the CLI calls it; a provider may stand before it, as in `openai/gpt-5`
 */
export const withEstimatedCost = async (usage: Usage, model: string | null): Promise<Usage> => {
  if (usage.costUsd !== null || model === null) return usage;
  // Most of its time and memory is the list itself, which a server whose agents tell their costs never needs.
  const { calcPrice } = await import('@pydantic/genai-prices');
  const tokens = {
    input_tokens: usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens,
    cache_read_tokens: usage.cacheReadTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    output_tokens: usage.outputTokens,
  };
  for (const name of [model, model.slice(model.lastIndexOf('/') + 1)]) {
    const costUsd = priceOf(() => calcPrice(tokens, name)?.total_price);
    if (costUsd !== null) return { ...usage, costUsd, costIsEstimate: true };
  }
  return usage;
};

/** A list that prices some kind of tokens and not another throws: no price is better than a wrong one. */
const priceOf = (calculate: () => number | undefined): number | null => {
  try {
    const price = calculate();
    return price !== undefined && Number.isFinite(price) ? price : null;
  } catch {
    return null;
  }
};
