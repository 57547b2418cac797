import { expect, it } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import { createPlaybookSchema } from '../../../src/modules/autorun/playbooks/playbooks.schemas.js';
import { startRunSchema } from '../../../src/modules/autorun/runs/runs.schemas.js';

const documents = [{ path: 'a.md' }];
const pathsOf = (result: { error?: { issues: { path: PropertyKey[] }[] } }): string[] =>
  (result.error?.issues ?? []).map(({ path }) => path.join('/'));

it('refuses a NUL in a playbook and in a run, which no database and no host can hold', () => {
  const nul = 'a\0b';
  const playbook = { name: nul, documents, prompt: nul, worktree: { branch: nul, base: nul } };
  expect(pathsOf(createPlaybookSchema.safeParse(playbook))).toEqual([
    ...['name', 'prompt', 'worktree/branch', 'worktree/base'],
  ]);
  const worktree = { branch: nul, base: nul, targetBranch: nul };
  const run = { sessionId: uuid(), documents, prompt: nul, worktree };
  expect(pathsOf(startRunSchema.safeParse(run))).toEqual([
    ...['prompt', 'worktree/branch', 'worktree/base', 'worktree/targetBranch'],
  ]);
});
