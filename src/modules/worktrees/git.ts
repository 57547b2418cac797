import { type CommandResult, type Host } from '../../hosts/host.js';
import { parseWorktrees, type RegisteredWorktree } from './git-worktree-list.js';
import { BaseNotFound, BranchNameInvalid, GitRefused, NotARepository } from './worktrees.errors.js';

/** A checkout may take long; a hook of the repository may hang. */
const TIMEOUT_MS = 120_000;

/** The one door to git: argument arrays, on the host and in the directory that it was given, never a question. */
export class Git {
  constructor(
    private readonly host: Host,
    private readonly directory: string,
    private readonly env: Readonly<Record<string, string>> = {},
  ) {}

  /** Where the directory lies in its working tree: `''` at the top, else like `packages/app/`. */
  async prefix(): Promise<string> {
    const inside = await this.run('rev-parse', '--is-inside-work-tree');
    if (inside.exitCode !== 0 || textOf(inside.stdout) !== 'true') {
      throw new NotARepository(this.directory, saidBy(inside) || 'there is no working tree');
    }
    return textOf(await this.must('rev-parse', '--show-prefix'));
  }

  /** All working trees of the repository, the main one first. */
  async worktrees(): Promise<[RegisteredWorktree, ...RegisteredWorktree[]]> {
    const [main, ...linked] = parseWorktrees(
      textOf(await this.must('worktree', 'list', '--porcelain')),
    );
    if (!main) throw new GitRefused('worktree list', 'it named no working tree');
    return [main, ...linked];
  }

  /** @throws {BranchNameInvalid} */
  async requireBranchName(branch: string): Promise<void> {
    const { exitCode, stdout } = await this.run('check-ref-format', '--branch', branch);
    // Shorthands such as `@{-1}` are accepted too, but stand for another name.
    if (branch.startsWith('-') || exitCode !== 0 || textOf(stdout) !== branch) {
      throw new BranchNameInvalid(branch);
    }
  }

  /** The commit that a branch points at; null when there is no such branch. */
  async branchTip(branch: string): Promise<string | null> {
    const { exitCode, stdout } = await this.run(
      'rev-parse',
      '--verify',
      '--quiet',
      `refs/heads/${branch}`,
    );
    return exitCode === 0 ? textOf(stdout) : null;
  }

  /** @throws {BaseNotFound} */
  async resolveCommit(revision: string): Promise<string> {
    const { exitCode, stdout } = await this.run(
      ...['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`],
    );
    if (exitCode !== 0) throw new BaseNotFound(revision);
    return textOf(stdout);
  }

  async addWorktree(path: string, branch: string, sha: string): Promise<void> {
    await this.must('worktree', 'add', '-b', branch, '--', path, sha);
  }

  async checkOutInWorktree(path: string, branch: string): Promise<void> {
    await this.must('worktree', 'add', '--', path, branch);
  }

  async removeWorktree(path: string, { force }: { force: boolean }): Promise<void> {
    await this.must('worktree', 'remove', ...(force ? ['--force'] : []), '--', path);
  }

  /** Whether anything is changed or new that no commit has. */
  async isDirty(): Promise<boolean> {
    return (await this.must('status', '--porcelain', '--untracked-files=normal')).length > 0;
  }

  private async must(...args: string[]): Promise<Buffer> {
    const result = await this.run(...args);
    if (result.exitCode === 0) return result.stdout;
    throw new GitRefused(args.slice(0, 2).join(' '), saidBy(result));
  }

  private run(...args: string[]): Promise<CommandResult> {
    return this.host.run(
      {
        argv: ['git', ...args],
        cwd: this.directory,
        env: { ...this.env, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
      },
      { timeoutMs: TIMEOUT_MS },
    );
  }
}

const textOf = (output: Buffer): string => output.toString().replace(/\n$/, '');

const saidBy = ({ exitCode, stderr }: CommandResult): string =>
  stderr.toString().trim().slice(-2_000) || `exit code ${exitCode}`;
