import { Injectable } from '@nestjs/common';
import { SessionsService } from '../../sessions/index.js';
import { type Worktree, WorktreesService } from '../../worktrees/index.js';
import { DocumentChanged, DocumentMissing } from '../autorun.errors.js';
import { type DocumentFolder } from '../documents/document-folder.js';
import { isInWorkingTree } from '../documents/document-path.js';
import { DocumentsService } from '../documents/documents.service.js';
import { type RunRow } from '../storage/run.entity.js';
import { type RunLease } from './run-lease.js';
import { RunRecord } from './run-record.js';
import { treeOf } from './working-tree.js';

/** Gets a queued run a place to work in: its session's directory, or a worktree of its own. */
@Injectable()
export class PrepareRun {
  constructor(
    private readonly sessions: SessionsService,
    private readonly documents: DocumentsService,
    private readonly worktrees: WorktreesService,
    private readonly record: RunRecord,
  ) {}

  async prepare(run: RunRow, lease: RunLease): Promise<void> {
    const worktree = run.worktree && (await this.makeWorktree(run, run.worktree));
    const workSessionId = worktree?.sessionId ?? run.sessionId;
    const session = await this.sessions.get(workSessionId);
    const folder = await this.documents.folderOf(workSessionId);
    const copied =
      worktree && isInWorkingTree(session.autoRunFolder) ? await this.bringAlong(run, folder) : [];
    await lease.write(run, async (tx, row) => {
      await this.record.move(tx, row, 'running', {
        startedAt: row.startedAt ?? new Date(),
        worktreeId: worktree?.id ?? null,
        workSessionId,
        workingTree: treeOf(session),
        folder: folder.root,
      });
      for (const path of copied) await this.record.document(tx, row, path, 'copied');
    });
  }

  private makeWorktree(
    { sessionId }: RunRow,
    { id, branch, base }: NonNullable<RunRow['worktree']>,
  ): Promise<Worktree> {
    return this.worktrees.ensure({ id, sessionId, branch, base: base ?? undefined });
  }

  /** A document that is not committed is not in a new worktree: it is copied there. Returns what was. */
  private async bringAlong(run: RunRow, folder: DocumentFolder): Promise<string[]> {
    const origin = await this.documents.folderOf(run.sessionId);
    const copied: string[] = [];
    for (const path of new Set(run.documents.map((document) => document.path))) {
      if (await folder.exists(path)) continue;
      try {
        await folder.write(path, (await origin.read(path)).text, null);
        copied.push(path);
      } catch (error) {
        // Missing in both: the run will say so when it gets there.
        if (!(error instanceof DocumentMissing || error instanceof DocumentChanged)) throw error;
      }
    }
    return copied;
  }
}
