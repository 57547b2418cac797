import { type Usage } from '../adapter.js';
import { type ModelUsage, type ResultEvent, type StreamUsage } from './stream-events.js';

/** Tokens that one request put into the model's context; null for the messages that no model has written. */
export const contextSize = (usage: StreamUsage | null | undefined): number | null => {
  if (!usage) return null;
  const size =
    usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens;
  return size > 0 ? size : null;
};

/**
 * Tokens and cost of this turn alone, whichever of them this version of the CLI adds up over the session. Those by model
 * count everything that its cost does; `usage` lacks the sub-agents, and requests that were repeated without streaming.
 */
export const turnUsage = (
  event: ResultEvent,
  model: string | null,
  contextTokens: number | null,
): Usage => {
  const ofTurn = event.model_usage_since_last_result;
  const models = Object.values(ofTurn ?? event.modelUsage ?? {});
  const sum = (value: (model: ModelUsage[string]) => number): number =>
    models.reduce((total, each) => total + value(each), 0);
  const tells = sum(({ inputTokens, outputTokens }) => inputTokens + outputTokens) > 0;
  const rest = tells ? null : event.usage;
  const thinking = models.map((each) => each.thinkingTokens ?? null);
  return {
    inputTokens: rest?.input_tokens ?? sum((each) => each.inputTokens),
    outputTokens: rest?.output_tokens ?? sum((each) => each.outputTokens),
    cacheReadTokens: rest?.cache_read_input_tokens ?? sum((each) => each.cacheReadInputTokens),
    cacheWriteTokens:
      rest?.cache_creation_input_tokens ?? sum((each) => each.cacheCreationInputTokens),
    reasoningTokens:
      thinking.length === 0 || thinking.includes(null)
        ? (event.usage?.output_tokens_details?.thinking_tokens ?? null)
        : sum((each) => each.thinkingTokens ?? 0),
    costIsEstimate: false,
    costUsd: ofTurn ? sum((each) => each.costUSD ?? 0) : (event.total_cost_usd ?? null),
    contextWindow: contextWindow(event.modelUsage ?? {}, model),
    contextTokens,
  };
};

/** Of the model that the session talks to; sub-agents may have used others. */
const contextWindow = (models: ModelUsage, model: string | null): number | null => {
  const own = model === null ? undefined : models[model];
  if (own?.contextWindow) return own.contextWindow;
  const windows = Object.values(models).map((each) => each.contextWindow ?? 0);
  return windows.length === 0 ? null : Math.max(...windows) || null;
};
