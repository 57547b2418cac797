import { describe, expect, it } from '@jest/globals';
import { parseWorktrees } from '../../../src/modules/worktrees/git-worktree-list.js';
import { defaultPath, isWithin } from '../../../src/modules/worktrees/worktree-path.js';

describe('the place of a worktree', () => {
  it.each([
    ['/src/app', 'feat', '/src/app-worktrees/feat'],
    ['/src/app/', 'feat/x/y', '/src/app-worktrees/feat-x-y'],
    ['/src/with space', 'a', '/src/with space-worktrees/a'],
  ])('of %s and %s is %s', (repository, branch, expected) => {
    const path = defaultPath(repository, branch);
    expect(path).toBe(expected);
    expect(isWithin(repository.replace(/\/$/, ''), path)).toBe(false);
  });

  it.each([
    ['/src/app', '/src/app', true],
    ['/src/app', '/src/app/x', true],
    ['/src/app', '/src/app-worktrees', false],
    ['/', '/x', true],
  ])('within %s is %s: %s', (directory, path, expected) => {
    expect(isWithin(directory, path)).toBe(expected);
  });
});

describe('the list of worktrees', () => {
  it('is read with all that git says of each', () => {
    const porcelain = [
      'worktree /r\nHEAD aa\nbranch refs/heads/main\n',
      'worktree /r wt/x\nHEAD bb\nbranch refs/heads/feat/x\nlocked initializing\n',
      'worktree /gone\nHEAD cc\ndetached\nprunable gitdir file points to non-existent location\n',
      'worktree /l\nHEAD dd\nbranch refs/heads/l\nlocked\n',
    ].join('\n');
    expect(parseWorktrees(porcelain)).toEqual([
      { path: '/r', head: 'aa', branch: 'main', locked: null, prunable: false },
      { path: '/r wt/x', head: 'bb', branch: 'feat/x', locked: 'initializing', prunable: false },
      { path: '/gone', head: 'cc', branch: null, locked: null, prunable: true },
      { path: '/l', head: 'dd', branch: 'l', locked: '', prunable: false },
    ]);
  });

  it('of nothing is empty', () => {
    expect(parseWorktrees('')).toEqual([]);
  });
});
