import { z } from 'zod';
import { type ParserState } from '../adapter.js';
import { ASK, type Asked } from './protocol.js';

const text = z.string().nullable().catch(null);
const flag = z.boolean().catch(false);

const asked = z.enum(Object.values(ASK) as [Asked, ...Asked[]]);

/** How the turn ended, for the verdict. */
const ending = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered'), stopReason: z.string() }),
  /** The agent has refused what it was asked. */
  z.object({
    kind: z.literal('error'),
    asked,
    code: z.number(),
    message: z.string(),
    data: z.unknown().optional(),
  }),
  /** We have not asked it, for a reason of our own. */
  z.object({
    kind: z.literal('stopped'),
    code: z.enum(['agent/unsupported', 'agent/session-not-found', 'agent/protocol']),
    message: z.string(),
    hint: z.string(),
  }),
]);
export type Ending = z.infer<typeof ending>;

const setting = z.object({
  asked,
  params: z.record(z.string(), z.string()),
  /** For people: `the model x`. */
  what: z.string(),
});
/** Something that is set before the prompt. */
export type Setting = z.infer<typeof setting>;

/** What the client remembers between two lines. Read leniently: it may have been stored by an older version. */
const memorySchema = z.object({
  /** How many requests were sent; the id of the next one. */
  requests: z.number().catch(1),
  /** The one that is not answered yet; null when none is, or the turn is over. */
  awaiting: z.object({ id: z.number(), asked }).nullable().catch(null),
  settings: z.array(setting).catch([]),
  /** As the agent calls itself: to people, and by its program. */
  label: text,
  name: text,
  seesImages: flag,
  /** How to sign in, in the agent's words. */
  signIn: text,
  /** The conversation was told again as it was loaded. */
  replayed: flag,
  /** Id of the message that is being said, where the agent tells one. */
  messageId: text,
  /** What was shown last is the message, not a notice of the agent. */
  speaking: flag,
  spoke: flag,
  /** A tool was used since: what is said next is another message. */
  interrupted: flag,
  tools: z
    .record(
      z.string(),
      z.object({ name: z.string(), summary: z.string().nullable(), started: z.boolean() }),
    )
    .catch({}),
  /** Tools that are over, the last of them. */
  closed: z.array(z.string()).catch([]),
  /** It asked leave for something and was refused. */
  wasRefused: flag,
  /** Since then it has said and done nothing. */
  gaveUp: flag,
  /** The agent says of itself that it has failed. */
  isFaulty: flag,
  /** In its own words, not the model's, if they are what was said last. */
  notice: text,
  context: z
    .object({
      used: z.number().nullable(),
      size: z.number().nullable(),
      cost: z.number().nullable(),
    })
    .catch({ used: null, size: null, cost: null }),
  end: ending.nullable().catch(null),
});
export type Memory = z.infer<typeof memorySchema>;

export const readMemory = (state: ParserState): Memory => memorySchema.parse(state.memory);
