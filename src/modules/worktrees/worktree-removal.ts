import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/index.js';
import { EventLog } from '../../platform/events/index.js';
import { SessionPlaces, SessionsService } from '../sessions/index.js';
import { Git } from './git.js';
import { type WorktreeRow } from './storage/worktree.entity.js';
import { toWorktree, WorktreesRepository } from './storage/worktrees.repository.js';
import { WorktreeBusy, WorktreeDirty, WorktreeNotFound } from './worktrees.errors.js';
import { type RemoveWorktree } from './worktrees.schemas.js';

/** Forgets a worktree, or has git delete it. What git will not delete stays: no directory is ever removed past it. */
@Injectable()
export class WorktreeRemoval {
  constructor(
    private readonly database: Database,
    private readonly worktrees: WorktreesRepository,
    private readonly sessions: SessionsService,
    private readonly places: SessionPlaces,
    private readonly events: EventLog,
  ) {}

  async remove(id: string, { mode, force }: RemoveWorktree): Promise<void> {
    const row = await this.worktrees.find(id);
    if (!row) throw new WorktreeNotFound(id);
    if (row.sessionId !== null) {
      const { state, queued } = await this.sessions.get(row.sessionId);
      // A turn that waits for its provider's limit goes on in there by itself.
      if (state === 'busy' || state === 'limited' || queued > 0) throw new WorktreeBusy(id);
    }
    if (mode === 'delete') await this.deleteOnHost(row, force);
    await this.database.transaction(async (tx) => {
      if (!(await this.worktrees.lock(tx, id))) return;
      await this.worktrees.delete(id, tx);
      await this.events.append(tx, `session:${row.parentSessionId}`, 'worktree.removed', {
        worktree: toWorktree(row),
        mode,
      });
    });
  }

  private async deleteOnHost(row: WorktreeRow, force: boolean): Promise<void> {
    const { host, cwd, env } = await this.places.hostOf(row.parentSessionId);
    const git = new Git(host, cwd, env);
    const registered = (await git.worktrees()).find(({ path }) => path === row.path);
    if (!registered) return;
    const { path, prunable } = registered;
    if (!force && !prunable && (await new Git(host, path, env).isDirty())) {
      throw new WorktreeDirty(path);
    }
    await git.removeWorktree(path, { force });
  }
}
