import { z } from 'zod';
import { type Tokens, type Usage } from '../adapter.js';
import { spentSince } from '../stream/conversation-usage.js';

const count = z.number().nonnegative().catch(0);

/** What `--usage-output-file` holds, as far as it means something to us: what the whole conversation has used. */
const usageFile = z.object({
  modelMetrics: z.record(
    z.string(),
    z.object({
      usage: z.object({
        ...{ inputTokens: count, outputTokens: count },
        ...{ cacheReadTokens: count, cacheWriteTokens: count },
        reasoningTokens: z.number().nullish().catch(null),
      }),
    }),
  ),
  lastCallInputTokens: count,
});
type UsageFile = z.infer<typeof usageFile>;

/** Null when the line is anything else, or no model was asked. */
export const usageTold = (line: string): UsageFile | null => {
  try {
    const told = usageFile.safeParse(JSON.parse(line)).data ?? null;
    return told === null || Object.keys(told.modelMetrics).length === 0 ? null : told;
  } catch {
    return null;
  }
};

/** What the turn has used, of all models together, those of sub-agents too. Input is told with what the cache had of it. */
export const turnUsage = (
  { modelMetrics, lastCallInputTokens }: UsageFile,
  spentBefore: Tokens | null,
): Usage => {
  const models = Object.values(modelMetrics).map(({ usage }) => usage);
  const sum = (value: (usage: (typeof models)[number]) => number): number =>
    models.reduce((total, usage) => total + value(usage), 0);
  const isReasoningTold = models.every(
    ({ reasoningTokens }) => typeof reasoningTokens === 'number',
  );
  const whole: Tokens = {
    inputTokens: sum((usage) =>
      Math.max(0, usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens),
    ),
    outputTokens: sum((usage) => usage.outputTokens),
    cacheReadTokens: sum((usage) => usage.cacheReadTokens),
    cacheWriteTokens: sum((usage) => usage.cacheWriteTokens),
    reasoningTokens: isReasoningTold ? sum((usage) => usage.reasoningTokens ?? 0) : null,
  };
  return {
    ...spentSince(whole, spentBefore),
    costUsd: null,
    costIsEstimate: false,
    contextWindow: null,
    contextTokens: lastCallInputTokens > 0 ? lastCallInputTokens : null,
  };
};
