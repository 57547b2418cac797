import { z } from 'zod';

const count = z.number().nonnegative().catch(0).default(0);
const text = z.string().nullish().catch(null);

const item = z
  .object({
    id: z.string(),
    type: z.string(),
    text,
    status: text,
    /** Of a command. */
    command: text,
    aggregated_output: text,
    exit_code: z.number().nullish().catch(null),
    /** Of a change of files. */
    changes: z
      .array(z.object({ path: z.string() }))
      .nullish()
      .catch(null),
    /** Of a tool that another program, or another agent, serves. */
    server: text,
    tool: text,
    error: z.object({ message: text }).nullish().catch(null),
    /** Of a search. */
    query: text,
  })
  .catch({ id: '', type: 'unreadable' });
export type Item = z.infer<typeof item>;

/** Summed over the whole thread; what was cached is counted in `input_tokens` too. */
const threadUsage = z.object({
  input_tokens: count,
  cached_input_tokens: count,
  cache_write_input_tokens: count,
  output_tokens: count,
  reasoning_output_tokens: z.number().nullable().catch(null),
});
export type ThreadUsage = z.infer<typeof threadUsage>;

/** The lines of `codex exec --json` that mean something to us; all others fail to parse. */
export const streamEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('thread.started'), thread_id: z.string() }),
  z.object({ type: z.literal('turn.started') }),
  z.object({ type: z.literal('item.started'), item }),
  z.object({ type: z.literal('item.completed'), item }),
  z.object({
    type: z.literal('turn.completed'),
    usage: threadUsage.nullish().catch(null),
  }),
  z.object({
    type: z.literal('turn.failed'),
    error: z.object({ message: text }).nullish().catch(null),
  }),
]);
export type StreamEvent = z.infer<typeof streamEvent>;
