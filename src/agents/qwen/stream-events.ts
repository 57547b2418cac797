import { z } from 'zod';

const text = z.string().nullish().catch(null);
const count = z.number().nonnegative().catch(0).default(0);

/** What was cached is counted in `input_tokens` too. */
const usage = z.looseObject({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
});
export type QwenUsage = z.infer<typeof usage>;

const common = { parent_tool_use_id: text };

/**
 * The events of its stream that are not quite those of Claude Code's, which it follows. All others are let pass as they
 * are.
 */
export const qwenEvent = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('stream_event'),
    ...common,
    event: z.looseObject({
      type: z.string(),
      delta: z.looseObject({ type: text, text }).nullish().catch(null),
    }),
  }),
  z.looseObject({
    type: z.literal('assistant'),
    ...common,
    message: z.looseObject({
      content: z.array(z.looseObject({ type: text, text })).catch([]),
      usage: usage.nullish().catch(null),
    }),
  }),
  z.looseObject({
    type: z.literal('result'),
    subtype: text,
    is_error: z.boolean().nullish().catch(null),
    result: text,
    error: z.looseObject({ message: text }).nullish().catch(null),
    usage: usage.nullish().catch(null),
  }),
]);
export type QwenEvent = z.infer<typeof qwenEvent>;
export type EventOf<Type extends QwenEvent['type']> = Extract<QwenEvent, { type: Type }>;
