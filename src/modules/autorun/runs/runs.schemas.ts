import { z } from 'zod';
import { body, pageOf, pageQuery, query } from '../../../platform/http/index.js';
import { usageSchema } from '../../usage/index.js';
import { optionSchemas, runDocumentSchema } from '../playbooks/playbooks.schemas.js';
import { RUN_STATES } from './run.js';

export const startRunSchema = body({
  sessionId: z.uuid(),
  playbookId: z.uuid().optional().describe('Else name `documents`'),
  documents: z.array(runDocumentSchema).min(1).max(200).optional(),
  loop: optionSchemas.loop.optional(),
  maxLoops: optionSchemas.maxLoops.optional(),
  prompt: optionSchemas.prompt.optional(),
  worktree: body({
    branch: optionSchemas.branch,
    base: optionSchemas.branch.nullable().default(null),
    pullRequest: z.boolean().default(false),
    targetBranch: optionSchemas.branch.nullable().default(null),
  })
    .optional()
    .describe('Work in a new worktree instead of the directory of the session'),
  dryRun: z.boolean().default(false).describe('Only say which tasks there are'),
}).refine(({ playbookId, documents }) => (playbookId === undefined) !== (documents === undefined), {
  path: ['documents'],
  message: 'Name either a playbook or documents',
});
export type StartRunRequest = z.infer<typeof startRunSchema>;

export const runCommandSchema = body({
  expectedState: z.enum(RUN_STATES).optional().describe('409 when the run is in another state'),
}).optional();
export type RunCommandRequest = z.infer<typeof runCommandSchema>;

export const runsQuery = query({
  ...pageQuery.shape,
  sessionId: z.uuid().optional(),
  state: z.enum(RUN_STATES).optional(),
});
export type RunsQuery = z.infer<typeof runsQuery>;

const failure = z.object({ code: z.string(), message: z.string(), hint: z.string().optional() });
const text = z.string().nullable();

export const runSchema = z
  .object({
    id: z.uuid(),
    sessionId: z.uuid(),
    workSessionId: z.uuid().nullable(),
    playbookId: z.uuid().nullable(),
    state: z.enum(RUN_STATES),
    pause: z
      .object({ reason: z.string(), detail: z.string(), failure: failure.optional() })
      .nullable(),
    endReason: text,
    loop: z.int().describe('The current pass over the documents, from 1'),
    document: text,
    progress: z.object({
      documents: z.int(),
      document: z.int(),
      tasksDone: z.int(),
      tasksTotal: z.int(),
    }),
    worktreeId: z.uuid().nullable(),
    pullRequest: z.object({ url: z.string() }).nullable(),
    turnId: z.uuid().nullable(),
    usage: usageSchema,
    createdAt: z.string(),
    startedAt: text,
    finishedAt: text,
  })
  .meta({ id: 'Run' });
export const runPageSchema = pageOf(runSchema);

export const runTaskSchema = z
  .object({
    id: z.uuid(),
    runId: z.uuid(),
    state: z.enum(['planned', 'running', 'done', 'unchanged', 'failed']),
    loop: z.int(),
    document: z.string(),
    line: z.int(),
    text: z.string(),
    turnId: z.uuid().nullable(),
    ticked: z.int().nullable().describe('Boxes that the turn ticked'),
    success: z.boolean().nullable(),
    summary: text,
    error: failure.nullable(),
    startedAt: text,
    finishedAt: text,
  })
  .meta({ id: 'RunTask' });
export const runTaskPageSchema = pageOf(runTaskSchema);
