import { z } from 'zod';

const text = z.string().nullish().catch(null);
const count = z.number().nonnegative().catch(0).default(0);

const stats = z.object({
  total_tokens: count,
  /** All that was sent; what was cached is counted in it too. */
  input_tokens: count,
  output_tokens: count,
  cached: count,
  models: z
    .record(z.string(), z.object({ output_tokens: count, total_tokens: count }))
    .catch({})
    .default({}),
});
export type Stats = z.infer<typeof stats>;

/** The lines of `--output-format stream-json` that mean something to us; all others fail to parse. */
export const streamEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('init'), session_id: z.string(), model: text }),
  z.object({
    type: z.literal('message'),
    role: z.string(),
    content: z.string(),
    timestamp: text,
  }),
  z.object({
    type: z.literal('tool_use'),
    tool_name: z.string(),
    tool_id: z.string(),
    parameters: z.record(z.string(), z.unknown()).nullish().catch(null),
  }),
  z.object({
    type: z.literal('tool_result'),
    tool_id: z.string(),
    status: text,
    output: text,
    error: z.object({ message: text }).nullish().catch(null),
  }),
  z.object({ type: z.literal('error'), severity: text, message: text }),
  z.object({
    type: z.literal('result'),
    status: text,
    error: z.object({ message: text }).nullish().catch(null),
    stats: stats.nullish().catch(null),
  }),
]);
export type StreamEvent = z.infer<typeof streamEvent>;
