import { z } from 'zod';
import { AGENT_NAMES, customAgentSchema } from '../../agents/index.js';
import { body, pageOf } from '../../platform/http/index.js';
import { envPatchSchema, envSchema, remoteStateSchema } from '../remotes/index.js';
import { usageSchema } from '../usage/index.js';
import { MEDIA_TYPES } from './images.schema.js';
import { ENDED_TURN_STATES, OPEN_TURN_STATES, TURN_KINDS } from './turn.js';

const noNul = /^[^\0]*$/;
const line = z
  .string()
  .trim()
  .min(1)
  .max(4_096)
  .regex(/^[^\p{Cc}]*$/u, 'Must hold no control characters');
const path = z
  .string()
  .min(1)
  .max(4_096)
  .regex(noNul, 'Must hold no NUL character')
  .regex(/^(\/|~(\/|$))/, 'Must be absolute or start with ~/');
const milliseconds = z
  .int()
  .min(1_000)
  .max(30 * 24 * 3_600_000);

/** Of one turn; what they mean is said at `SessionLimits`. */
const limits = {
  silenceMs: milliseconds,
  absoluteMs: milliseconds,
  toolMs: milliseconds,
  resumeAfterLimit: z.boolean(),
  limitStreak: z.int().min(1).max(1_000),
  retries: z.int().min(0).max(20),
};

const sessionFields = {
  name: line.max(200),
  cwd: path,
  remoteId: z.uuid().nullable(),
  env: envSchema,
  args: z.array(z.string().max(10_000).regex(noNul, 'Must hold no NUL character')).max(100),
  // It will stand among arguments, and must not be taken for one of the options there.
  model: line.max(200).regex(/^[^-]/, 'Must not begin with a dash').nullable(),
  effort: line.max(50).nullable(),
  command: line.nullable(),
  custom: customAgentSchema,
  autoRunFolder: z.string().min(1).max(4_096).regex(noNul, 'Must hold no NUL character').nullable(),
  limits: body(limits).partial(),
};

/** What a session can be made of, apart from its name; a group chat's inline moderator takes the same. */
export const agentSettings = {
  agent: z.enum(AGENT_NAMES),
  cwd: sessionFields.cwd.optional(),
  remoteId: sessionFields.remoteId.optional(),
  env: sessionFields.env.optional(),
  args: sessionFields.args.optional(),
  model: sessionFields.model.optional(),
  effort: sessionFields.effort.optional(),
  command: sessionFields.command.optional(),
  custom: sessionFields.custom.optional(),
};

export const createSessionSchema = body({
  ...agentSettings,
  name: sessionFields.name,
  autoRunFolder: sessionFields.autoRunFolder.optional(),
  limits: sessionFields.limits.optional(),
});
export type CreateSession = z.infer<typeof createSessionSchema>;

/** A merge patch: `null` puts back to the default. */
export const patchSessionSchema = body({
  ...sessionFields,
  args: sessionFields.args.nullable(),
  custom: sessionFields.custom.nullable(),
  held: z.boolean().nullable(),
  env: envPatchSchema.nullable(),
  limits: body({
    silenceMs: limits.silenceMs.nullable(),
    absoluteMs: limits.absoluteMs.nullable(),
    toolMs: limits.toolMs.nullable(),
    resumeAfterLimit: limits.resumeAfterLimit.nullable(),
    limitStreak: limits.limitStreak.nullable(),
    retries: limits.retries.nullable(),
  })
    .partial()
    .nullable(),
}).partial();
export type PatchSession = z.infer<typeof patchSessionSchema>;

export const limitsSchema = sessionFields.limits;

const nullableText = z.string().nullable();

export const readOnlySchema = z
  .enum(['enforced', 'advisory', 'none'])
  .describe(
    'What a read-only turn is worth: `enforced`: its CLI refuses to write; `advisory`: it is only asked not to; `none`: such turns are refused',
  );

export const sessionSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  agent: z.enum(AGENT_NAMES),
  agentLabel: z.string(),
  cwd: z.string(),
  remoteId: z.uuid().nullable(),
  target: z.object({ kind: z.enum(['local', 'ssh']), remote: z.boolean(), hostName: nullableText }),
  state: z.enum(['idle', 'busy', 'error', 'limited']),
  connection: remoteStateSchema.nullable(),
  activeTurnId: z.uuid().nullable(),
  queued: z.int(),
  held: z.boolean().describe('Nothing of its queue begins'),
  providerSessionId: nullableText,
  usage: usageSchema,
  env: z.record(z.string(), z.literal('***')),
  args: z.array(z.string()),
  model: nullableText,
  effort: nullableText.describe('One of the levels that its agent knows'),
  readOnly: readOnlySchema,
  command: nullableText,
  custom: customAgentSchema.nullable(),
  autoRunFolder: nullableText,
  limits: z.object(limits).partial(),
  parentSessionId: z.uuid().nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export const sessionPageSchema = pageOf(sessionSchema);

export const turnSchema = z.object({
  id: z.uuid(),
  sessionId: z.uuid(),
  kind: z.enum(TURN_KINDS),
  state: z.enum([...OPEN_TURN_STATES, ...ENDED_TURN_STATES]),
  prompt: z.string(),
  text: nullableText,
  readOnly: z.boolean(),
  images: z.array(z.object({ name: z.string(), mediaType: z.enum(MEDIA_TYPES) })),
  held: z.boolean(),
  providerSessionId: nullableText,
  usage: usageSchema.nullable(),
  exitCode: z.int().nullable(),
  signal: nullableText,
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      hint: z.string().optional(),
      recoverable: z.boolean(),
    })
    .nullable(),
  host: z.object({
    kind: z.enum(['local', 'ssh']),
    remoteId: z.uuid().nullable(),
    hostname: nullableText,
  }),
  cwd: nullableText.describe('Where it works or worked on its host, once it has begun'),
  attempts: z.int().describe("Executions, without those that its provider's limit has ended"),
  earlier: z
    .array(
      z.object({
        attempt: z.int(),
        code: z.string(),
        message: z.string(),
        endedAt: z.string(),
        worked: z.boolean(),
        providerSessionId: nullableText,
      }),
    )
    .describe('What became of the executions before the one that runs, or the last; oldest first'),
  waiting: z
    .object({
      code: z.string(),
      message: z.string(),
      hint: z.string().optional(),
      since: z.string(),
    })
    .nullable(),
  retryAt: nullableText.describe('When it is tried again by itself, while it waits'),
  resumesAt: nullableText.describe("When its provider's limit resets"),
  queuedAt: z.string(),
  startedAt: nullableText,
  lastActivityAt: nullableText,
  finishedAt: nullableText,
});
export const turnPageSchema = pageOf(turnSchema);

export const historyEntrySchema = z.object({
  id: z.uuid(),
  type: z.enum(['USER', 'AUTO', 'GROUP']),
  at: z.string(),
  summary: z.string(),
  response: nullableText,
  turnId: z.uuid(),
  success: z.boolean(),
  elapsedMs: z.int().nullable(),
  usage: usageSchema.nullable(),
});
export type HistoryEntry = z.infer<typeof historyEntrySchema>;
export const historyPageSchema = pageOf(historyEntrySchema);
