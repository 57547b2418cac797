import { posix } from 'node:path';
import { Injectable } from '@nestjs/common';
import { type Host } from '../../hosts/host.js';
import { isTransient } from '../../hosts/transient.js';
import { Database } from '../../platform/database/index.js';
import { EventLog } from '../../platform/events/index.js';
import { SessionPlaces, SessionsService } from '../sessions/index.js';
import { Git } from './git.js';
import { type RegisteredWorktree } from './git-worktree-list.js';
import { type WorktreeRow } from './storage/worktree.entity.js';
import { toWorktree, WorktreesRepository } from './storage/worktrees.repository.js';
import { defaultPath, isWithin, realTarget } from './worktree-path.js';
import { type Worktree } from './worktree.js';
import { BranchExists, PathNotUsable, WorktreeNotFound } from './worktrees.errors.js';

/** A row whose place and beginning are fixed: what git makes under its branch from now on is its own. */
type PlannedRow = WorktreeRow & { baseSha: string; path: string };

/** Makes what a row in state `creating` promises. Whatever died half-way, doing it again finishes it. */
@Injectable()
export class WorktreeCreation {
  constructor(
    private readonly database: Database,
    private readonly worktrees: WorktreesRepository,
    private readonly sessions: SessionsService,
    private readonly places: SessionPlaces,
    private readonly events: EventLog,
  ) {}

  async finish(row: WorktreeRow): Promise<Worktree> {
    const { path, prefix } = await this.onHost(row);
    const { name } = await this.sessions.get(row.parentSessionId);
    return this.database.transaction(async (tx) => {
      const fresh = await this.worktrees.lock(tx, row.id);
      if (!fresh) throw new WorktreeNotFound(row.id);
      if (fresh.state === 'ready') return toWorktree(fresh);
      const child = await this.sessions.createChild(tx, row.parentSessionId, {
        name: `${name} (${row.branch})`,
        cwd: posix.join(path, prefix).replace(/\/$/, ''),
      });
      const change = { state: 'ready' as const, path, sessionId: child.id };
      await this.worktrees.update(row.id, change, tx);
      const worktree = toWorktree({ ...fresh, ...change });
      await this.events.append(tx, `session:${row.parentSessionId}`, 'worktree.created', {
        worktree,
      });
      return worktree;
    });
  }

  private async onHost(row: WorktreeRow): Promise<{ path: string; prefix: string }> {
    const { host, cwd, env } = await this.places.hostOf(row.parentSessionId);
    const git = new Git(host, cwd, env);
    try {
      await git.requireBranchName(row.branch);
      const prefix = await git.prefix();
      const planned = isPlanned(row) ? row : await this.plan(row, git, host);
      return { path: await this.add(planned, git), prefix };
    } catch (error) {
      // Refused, and nothing was made. Otherwise the row stays: what there is under its branch is its own.
      if (!isTransient(error) && !(await this.leftTraces(row.id, git))) {
        await this.worktrees.delete(row.id);
      }
      throw error;
    }
  }

  private async leftTraces(id: string, git: Git): Promise<boolean> {
    const row = await this.worktrees.find(id);
    return row !== null && isPlanned(row) && (await git.branchTip(row.branch)) !== null;
  }

  private async plan(row: WorktreeRow, git: Git, host: Host): Promise<PlannedRow> {
    const known = await git.worktrees();
    if ((await git.branchTip(row.branch)) !== null) throw new BranchExists(row.branch);
    const path = await realTarget(host, row.directory ?? defaultPath(known[0].path, row.branch));
    const around = known.find((worktree) => isWithin(worktree.path, path));
    if (around) throw new PathNotUsable(path, `it is inside of the working tree ${around.path}`);
    await requireFree(host, path);
    const plan = { baseSha: await git.resolveCommit(row.base), path };
    await this.worktrees.update(row.id, plan);
    return { ...row, ...plan };
  }

  /** Returns the path as git knows it. */
  private async add({ branch, path, baseSha }: PlannedRow, git: Git): Promise<string> {
    const made = findMade(await git.worktrees(), branch);
    if (made) return made.path;
    const tip = await git.branchTip(branch);
    // The branch is made before the files: a crash in between leaves it at its beginning.
    if (tip !== null && tip !== baseSha) throw new BranchExists(branch);
    try {
      await (tip === null
        ? git.addWorktree(path, branch, baseSha)
        : git.checkOutInWorktree(path, branch));
    } catch (error) {
      const byAnother = isTransient(error) ? null : findMade(await git.worktrees(), branch);
      if (!byAnother) throw error;
      return byAnother.path;
    }
    return findMade(await git.worktrees(), branch)?.path ?? path;
  }
}

const isPlanned = (row: WorktreeRow): row is PlannedRow =>
  row.baseSha !== null && row.path !== null;

const findMade = (
  worktrees: readonly RegisteredWorktree[],
  branch: string,
): RegisteredWorktree | null => {
  const made = worktrees.find((worktree) => worktree.branch === branch);
  // git holds this lock while it fills the directory.
  if (made?.locked === 'initializing') {
    throw new PathNotUsable(made.path, 'git was interrupted there, or is still at it');
  }
  return made ?? null;
};

const requireFree = async (host: Host, path: string): Promise<void> => {
  const stat = await host.files.stat(path);
  if (!stat) return;
  if (stat.type !== 'directory') throw new PathNotUsable(path, 'there is a file of that name');
  if ((await host.files.list(path)).length > 0) throw new PathNotUsable(path, 'it is not empty');
};
