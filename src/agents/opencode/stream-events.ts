import { z } from 'zod';

const text = z.string().nullish().catch(null);
const count = z.number().nonnegative().catch(0).default(0);
const told = z.record(z.string(), z.unknown()).nullish().catch(null);
const part = { sessionID: text, timestamp: z.number().nullish().catch(null) };

const failure = z.object({
  name: z.string().catch('UnknownError'),
  data: z
    .object({
      message: text,
      statusCode: z.number().nullish().catch(null),
      responseHeaders: z.record(z.string(), z.string()).nullish().catch(null),
      responseBody: text,
      providerID: text,
    })
    .nullish()
    .catch(null),
});
export type RunFailure = z.infer<typeof failure>;

const tokens = z.object({
  /** Those that were neither read from a cache nor written to one. */
  input: count,
  /** Without those of `reasoning`. */
  output: count,
  reasoning: count,
  cache: z.object({ read: count, write: count }).catch({ read: 0, write: 0 }),
});

/** One request to a model. */
const stepFinish = z.object({
  reason: text,
  tokens: tokens.nullish().catch(null),
  cost: z.number().nonnegative().nullish().catch(null),
});
export type StepFinish = z.infer<typeof stepFinish>;

const toolPart = z.object({
  tool: z.string(),
  callID: z.string(),
  state: z.object({
    status: text,
    input: told,
    title: text,
    output: text,
    error: text,
    metadata: told,
  }),
});
export type ToolPart = z.infer<typeof toolPart>;

/** The lines of `opencode run --format json` that mean something to us; all others fail to parse. */
export const streamEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('step_start'), ...part, part: z.object({ messageID: text }) }),
  z.object({
    type: z.literal('text'),
    ...part,
    part: z.object({
      messageID: text,
      text: z.string(),
      /** Words that OpenCode puts into the mouth of its user. */
      synthetic: z.boolean().nullish().catch(null),
    }),
  }),
  z.object({ type: z.literal('reasoning'), ...part, part: z.object({ text: z.string() }) }),
  z.object({ type: z.literal('tool_use'), ...part, part: toolPart }),
  z.object({ type: z.literal('step_finish'), ...part, part: stepFinish }),
  z.object({ type: z.literal('error'), ...part, error: failure }),
]);
export type StreamEvent = z.infer<typeof streamEvent>;
