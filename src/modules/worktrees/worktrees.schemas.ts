import { z } from 'zod';
import { body, query } from '../../platform/http/index.js';

/** What git takes as a name is for git to say; these would be no name at all. */
const name = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^-\s\p{Cc}][^\s\p{Cc}]*$/u, 'A name without blanks that does not begin with "-"');

export const createWorktreeSchema = body({
  branch: name.describe('The branch to make; it must be new'),
  base: name.optional().describe('Where it begins: a branch, tag or commit. Default: HEAD'),
  directory: z
    .string()
    .max(4_000)
    .regex(/^(?:\/|~\/)[^\p{Cc}]+$/u, 'An absolute path, or one that begins with ~/')
    .optional()
    .describe(
      'Where the worktree is made. Default: REPOSITORY-worktrees/BRANCH beside the repository',
    ),
});
export type CreateWorktree = z.infer<typeof createWorktreeSchema>;

export const removeWorktreeSchema = query({
  mode: z
    .enum(['forget', 'delete'])
    .default('forget')
    .describe('`forget` leaves everything on the host as it is'),
  force: z.stringbool().default(false).describe('Delete although changes are not committed'),
});
export type RemoveWorktree = z.infer<typeof removeWorktreeSchema>;

export const worktreeSchema = z
  .object({
    id: z.uuid(),
    state: z.enum(['creating', 'ready']),
    path: z.string().nullable(),
    branch: z.string(),
    baseSha: z.string().nullable(),
    sessionId: z.uuid().nullable(),
    parentSessionId: z.uuid(),
    createdAt: z.string(),
  })
  .meta({ id: 'Worktree' });
