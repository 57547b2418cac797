import { z } from 'zod';
import { body } from '../../../platform/http/index.js';
import { documentPathSchema } from '../documents/document-path.js';

export const MAX_LOOPS = 100;

export const runDocumentSchema = body({
  path: documentPathSchema,
  resetOnCompletion: z.boolean().default(false),
});

/** Text that PostgreSQL and the hosts can hold. */
const text = z.string().regex(/^[^\0]*$/, 'Must hold no NUL character');
const documents = z.array(runDocumentSchema).min(1).max(200);
const name = text.trim().min(1).max(200);
const branch = text.min(1).max(200);

export const optionSchemas = {
  loop: z.boolean(),
  maxLoops: z.int().min(1).max(MAX_LOOPS).nullable().describe('Null: as long as tasks remain'),
  prompt: text.max(200_000).nullable(),
  /** Of a worktree: a branch, or what a branch begins at. */
  branch,
};

const worktree = body({
  branch,
  base: branch.nullable().default(null),
  pullRequest: z.boolean().default(false),
});

export const createPlaybookSchema = body({
  name,
  documents,
  loop: optionSchemas.loop.default(false),
  maxLoops: optionSchemas.maxLoops.default(null),
  prompt: optionSchemas.prompt.default(null),
  worktree: worktree.nullable().default(null),
  sessionId: z.uuid().nullable().default(null),
});
export type CreatePlaybook = z.infer<typeof createPlaybookSchema>;

/** A merge patch: null puts what may be absent back to its default. */
export const patchPlaybookSchema = body({
  name: name.optional(),
  documents: documents.optional(),
  loop: optionSchemas.loop.nullable().optional(),
  maxLoops: optionSchemas.maxLoops.optional(),
  prompt: optionSchemas.prompt.optional(),
  worktree: body({
    branch: branch.optional(),
    base: branch.nullable().optional(),
    pullRequest: z.boolean().nullable().optional(),
  })
    .nullable()
    .optional(),
  sessionId: z.uuid().nullable().optional(),
});
export type PatchPlaybook = z.infer<typeof patchPlaybookSchema>;

export const playbookSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    documents: z.array(z.object({ path: z.string(), resetOnCompletion: z.boolean() })),
    loop: z.boolean(),
    maxLoops: z.int().nullable(),
    prompt: z.string().nullable(),
    worktree: z
      .object({ branch: z.string(), base: z.string().nullable(), pullRequest: z.boolean() })
      .nullable(),
    sessionId: z.uuid().nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Playbook' });
