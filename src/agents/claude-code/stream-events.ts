import { z } from 'zod';

const count = z.number().nonnegative().catch(0);
const text = z.string().nullish().catch(null);

const thinking = z.object({ thinking_tokens: z.number().nonnegative() }).nullish().catch(null);

export const usage = z.object({
  input_tokens: count.default(0),
  output_tokens: count.default(0),
  cache_read_input_tokens: count.default(0),
  cache_creation_input_tokens: count.default(0),
  /** Newer versions only. */
  output_tokens_details: thinking,
});
export type StreamUsage = z.infer<typeof usage>;

/** At the end of a message; what is left out is as it was at its beginning. */
const final = z.number().nonnegative().nullish().catch(null);
const finalUsage = z.object({
  input_tokens: final,
  output_tokens: final,
  cache_read_input_tokens: final,
  cache_creation_input_tokens: final,
  output_tokens_details: thinking,
});
export type FinalUsage = z.infer<typeof finalUsage>;

const modelUsage = z
  .record(
    z.string(),
    z.object({
      inputTokens: count.default(0),
      outputTokens: count.default(0),
      cacheReadInputTokens: count.default(0),
      cacheCreationInputTokens: count.default(0),
      thinkingTokens: z.number().nonnegative().nullish().catch(null),
      costUSD: z.number().nullish().catch(null),
      contextWindow: z.number().positive().nullish().catch(null),
    }),
  )
  .nullish()
  .catch(null);
export type ModelUsage = NonNullable<z.infer<typeof modelUsage>>;

const block = z
  .object({
    type: z.string(),
    text,
    thinking: text,
    id: text,
    name: text,
    input: z.record(z.string(), z.unknown()).nullish().catch(null),
    tool_use_id: text,
    is_error: z.boolean().nullish().catch(null),
    content: z.unknown().optional(),
  })
  .catch({ type: 'unreadable' });
export type ContentBlock = z.infer<typeof block>;

const content = z
  .union([z.array(block), z.string().transform((line): ContentBlock[] => [textBlock(line)])])
  .catch([]);
const textBlock = (line: string): ContentBlock => ({ type: 'text', text: line });

const common = { session_id: text, parent_tool_use_id: text };

/** The lines of `--output-format stream-json` that mean something to us; all others fail to parse. */
export const streamEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('system'), ...common, subtype: text, model: text }),
  z.object({
    type: z.literal('assistant'),
    ...common,
    /** Set on the message that the CLI itself writes when a request failed. */
    error: text,
    message: z.object({ id: text, model: text, content, usage: usage.nullish().catch(null) }),
  }),
  z.object({
    type: z.literal('user'),
    ...common,
    message: z.object({ content }),
    /** Of a tool that was a sub-agent: what its last request has used. */
    tool_use_result: z
      .object({ agentId: z.string(), resolvedModel: text, usage })
      .nullish()
      .catch(null),
  }),
  z.object({
    type: z.literal('stream_event'),
    ...common,
    event: z.object({
      type: z.string(),
      delta: z.object({ type: text, text, thinking: text }).nullish().catch(null),
      message: z
        .object({ id: text, model: text, usage: usage.nullish().catch(null) })
        .nullish()
        .catch(null),
      usage: finalUsage.nullish().catch(null),
    }),
  }),
  z.object({
    type: z.literal('rate_limit_event'),
    ...common,
    rate_limit_info: z.object({ status: text, resetsAt: z.number().nullish().catch(null) }),
  }),
  z.object({
    type: z.literal('result'),
    ...common,
    subtype: text,
    is_error: z.boolean().nullish().catch(null),
    result: text,
    errors: z.array(z.string()).nullish().catch(null),
    api_error_status: z.number().nullish().catch(null),
    api_error: text,
    terminal_reason: text,
    stop_reason: text,
    total_cost_usd: z.number().nullish().catch(null),
    usage: usage.nullish().catch(null),
    modelUsage,
    /** Newer versions: `modelUsage` and `total_cost_usd` cover the whole session, this only the turn. */
    model_usage_since_last_result: modelUsage,
  }),
]);
export type StreamEvent = z.infer<typeof streamEvent>;
export type ResultEvent = Extract<StreamEvent, { type: 'result' }>;
