import { z } from 'zod';

const text = z.string().nullish().catch(null);
const count = z.number().nonnegative().catch(0).default(0);

/** Of all the requests of the turn together. */
const usage = z.object({
  /** Neither read from a cache nor written to one. */
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
});
export type TurnUsage = z.infer<typeof usage>;

/** The lines of `droid exec --output-format stream-json` that mean something to us; all others fail to parse. */
export const streamEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('system'), session_id: text, model: text }),
  z.object({ type: z.literal('message'), role: z.string(), id: text, text: z.string() }),
  z.object({ type: z.literal('reasoning'), id: text, text: z.string() }),
  z.object({
    type: z.literal('tool_call'),
    id: z.string(),
    toolName: z.string(),
    parameters: z.record(z.string(), z.unknown()).nullish().catch(null),
  }),
  z.object({
    type: z.literal('tool_result'),
    id: z.string(),
    isError: z.boolean().nullish().catch(null),
    value: z.unknown().optional(),
    error: z.object({ message: text }).nullish().catch(null),
  }),
  z.object({
    type: z.literal('completion'),
    finalText: text,
    usage: usage.nullish().catch(null),
  }),
  z.object({ type: z.literal('error'), source: text, message: text }),
]);
export type StreamEvent = z.infer<typeof streamEvent>;
