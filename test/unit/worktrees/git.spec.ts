import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { localHost } from '../../../src/hosts/index.js';
import { Git } from '../../../src/modules/worktrees/git.js';

const exec = promisify(execFile);
const host = localHost();

let root: string;
let repository: string;
let git: Git;

const run = (...args: string[]): Promise<unknown> =>
  exec('git', ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid', ...args], { cwd: repository });

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'maestro-git-')));
  repository = join(root, 'my repo');
  await mkdir(join(repository, 'sub'), { recursive: true });
  await run('init', '-q', '-b', 'main');
  await writeFile(join(repository, 'sub', 'a.txt'), 'a');
  await run('add', '-A');
  await run('commit', '-qm', 'one');
  git = new Git(host, repository);
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('git on a host', () => {
  it('makes a worktree on a new branch, and sees it in the list', async () => {
    const sha = await git.resolveCommit('HEAD');
    const path = join(root, 'wt', '-odd $(name)');
    await git.addWorktree(path, 'feat/x', sha);
    expect(await git.branchTip('feat/x')).toBe(sha);
    expect(await git.worktrees()).toMatchObject([
      { path: repository, branch: 'main' },
      { path, branch: 'feat/x', head: sha, locked: null },
    ]);
  });

  it('removes a worktree that is clean, and refuses one that is not unless forced', async () => {
    const path = join(root, 'wt');
    await git.addWorktree(path, 'x', await git.resolveCommit('main'));
    const inside = new Git(host, path);
    expect(await inside.isDirty()).toBe(false);
    await writeFile(join(path, 'new.txt'), 'mine');
    expect(await inside.isDirty()).toBe(true);
    await expect(git.removeWorktree(path, { force: false })).rejects.toMatchObject({
      code: 'worktrees/git-refused',
    });
    await git.removeWorktree(path, { force: true });
    expect(await git.worktrees()).toHaveLength(1);
  });

  it('knows where in the working tree it is', async () => {
    expect(await git.prefix()).toBe('');
    expect(await new Git(host, join(repository, 'sub')).prefix()).toBe('sub/');
  });

  it('says when there is no repository', async () => {
    await expect(new Git(host, root).prefix()).rejects.toMatchObject({
      code: 'worktrees/not-a-repository',
    });
  });

  it.each(['-f', '--all', 'a..b', 'a b', 'a~1', '@{-1}', 'x.lock', '/x', 'x/', ''])(
    'refuses the branch name %j',
    async (branch) => {
      await expect(git.requireBranchName(branch)).rejects.toMatchObject({
        code: 'worktrees/branch-invalid',
      });
    },
  );

  it.each(['x', 'feat/x', 'ü', 'a-b_c.d'])('takes the branch name %j', async (branch) => {
    await expect(git.requireBranchName(branch)).resolves.toBeUndefined();
  });

  it.each(['nope', '--all', '-n1', 'HEAD:sub/a.txt'])('finds no commit in %j', async (base) => {
    await expect(git.resolveCommit(base)).rejects.toMatchObject({
      code: 'worktrees/base-not-found',
    });
  });
});
