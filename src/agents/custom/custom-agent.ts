import { z } from 'zod';
import { isPointer } from './json-pointer.js';

const pointer = z
  .string()
  .max(500)
  .refine(isPointer, 'Must be a JSON Pointer (RFC 6901), for example /result/text');
const argument = z
  .string()
  .max(10_000)
  .regex(/^[^\0]*$/, 'Must hold no NUL character');
const args = z.strictObject({ args: z.array(argument).min(1).max(100) });

/** Where each number stands; what is not declared is unknown. */
const usage = z
  .strictObject({
    inputTokens: pointer,
    outputTokens: pointer,
    cacheReadTokens: pointer,
    cacheWriteTokens: pointer,
    reasoningTokens: pointer,
    costUsd: pointer,
  })
  .partial();

const fields = {
  /** The answer. Of several, the last one counts. */
  text: pointer,
  reasoning: pointer.optional(),
  sessionId: pointer.optional(),
  model: pointer.optional(),
  /** A text, or an object with a `message`, with which the turn has failed, whatever the exit code is. */
  error: pointer.optional(),
  usage: usage.optional(),
};

/**
 * An agent that a user defines: how a command line is given a prompt, and what its output means. The command and its
 * arguments are those of the session; further arguments are added behind them, in the order of the fields here.
 *
 * Placeholders stand in an argument or are the whole of it: `{cwd}` anywhere, `{promptFile}` among the arguments of the
 * session, the others where it is said. `{{cwd}}` is the text `{cwd}`.
 */
export const customAgentSchema = z.strictObject({
  /** `file`: of a file that only this turn has, whose path stands for `{promptFile}`; stdin is empty then. */
  prompt: z.enum(['stdin', 'file']),
  /**
   * `text`: all of it is the answer. `json`: a document, on as many lines as it likes. `ndjson`: a document on each line;
   * of every field the last line that has it counts. Whatever is no JSON is passed over.
   */
  output: z.discriminatedUnion('format', [
    z.strictObject({ format: z.literal('text') }),
    z.strictObject({ format: z.literal('json'), ...fields }),
    /** `delta`: a piece of the answer, as it is said. */
    z.strictObject({ format: z.literal('ndjson'), ...fields, delta: pointer.optional() }),
  ]),
  /** What makes it use `{model}`. Without it, the session can name none. */
  model: args.optional(),
  /** What makes it not write. It is taken at its word: such a turn counts as `advisory`. Without it, none is read-only. */
  readOnly: args.optional(),
  /** What shows it `{imageFile}`, repeated for each image. Without it, turns take no images. */
  images: args.optional(),
  /** What makes it go on with `{sessionId}`, as an earlier turn told it. Without it, every turn is a new conversation. */
  resume: args.optional(),
  /** What makes it print its version and end. */
  versionArgs: z.array(argument).max(20).default(['--version']),
});
export type CustomAgent = z.infer<typeof customAgentSchema>;
export type CustomOutput = CustomAgent['output'];
/** The output that has fields. */
export type JsonOutput = Exclude<CustomOutput, { format: 'text' }>;
