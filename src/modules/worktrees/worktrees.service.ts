import { Injectable } from '@nestjs/common';
import { page, type Page, type PageQuery } from '../../platform/http/index.js';
import { SessionsService } from '../sessions/index.js';
import { toWorktree, WorktreesRepository } from './storage/worktrees.repository.js';
import { WorktreeCreation } from './worktree-creation.js';
import { WorktreeRemoval } from './worktree-removal.js';
import { type Worktree } from './worktree.js';
import { BranchExists, WorktreeNotFound } from './worktrees.errors.js';
import { type CreateWorktree, type RemoveWorktree } from './worktrees.schemas.js';

/** A worktree that someone wants, under an id of their choice: asking again never makes a second one. */
export interface WantedWorktree {
  id: string;
  /** The session whose repository it belongs to. */
  sessionId: string;
  branch: string;
  /** Default: HEAD. */
  base?: string | undefined;
  /** Default: beside the repository. */
  directory?: string | undefined;
}

@Injectable()
export class WorktreesService {
  constructor(
    private readonly worktrees: WorktreesRepository,
    private readonly creation: WorktreeCreation,
    private readonly removal: WorktreeRemoval,
    private readonly sessions: SessionsService,
  ) {}

  /** A creation of the same branch that did not get to its end is taken up again. */
  async create(sessionId: string, id: string, wanted: CreateWorktree): Promise<Worktree> {
    const known = await this.worktrees.findByBranch(sessionId, wanted.branch);
    if (known?.state === 'ready' && known.id !== id) throw new BranchExists(wanted.branch);
    return this.ensure({ id: known?.id ?? id, sessionId, ...wanted });
  }

  /** The worktree with that id: made, finished or just found. */
  async ensure({ id, sessionId, branch, base, directory }: WantedWorktree): Promise<Worktree> {
    await this.sessions.get(sessionId);
    await this.worktrees.insertUnlessKnown({
      id,
      parentSessionId: sessionId,
      sessionId: null,
      state: 'creating',
      branch,
      base: base ?? 'HEAD',
      baseSha: null,
      directory: directory ?? null,
      path: null,
      createdAt: new Date(),
    });
    const row = await this.worktrees.find(id);
    if (!row) throw new WorktreeNotFound(id);
    return row.state === 'ready' ? toWorktree(row) : this.creation.finish(row);
  }

  async get(id: string): Promise<Worktree> {
    const row = await this.worktrees.find(id);
    if (!row) throw new WorktreeNotFound(id);
    return toWorktree(row);
  }

  async list(sessionId: string, { cursor, limit }: PageQuery): Promise<Page<Worktree>> {
    await this.sessions.get(sessionId);
    const rows = await this.worktrees.page(sessionId, cursor, limit + 1);
    return page(rows.map(toWorktree), limit, ({ id }) => id);
  }

  remove(id: string, how: RemoveWorktree): Promise<void> {
    return this.removal.remove(id, how);
  }
}
