import { Injectable } from '@nestjs/common';
import { Database, type Sql, type Tx, violates } from '../../../platform/database/index.js';
import { type Worktree } from '../worktree.js';
import { BranchExists } from '../worktrees.errors.js';
import { WorktreeEntity, type WorktreeRow } from './worktree.entity.js';

@Injectable()
export class WorktreesRepository {
  constructor(private readonly database: Database) {}

  /** @throws {BranchExists} when the session has a worktree of that branch under another id. */
  async insertUnlessKnown(row: WorktreeRow): Promise<void> {
    try {
      await this.database.query(
        `INSERT INTO worktrees (id, parent_session_id, session_id, state, branch, base, base_sha, directory, path, created_at)
         VALUES ($1, $2, NULL, 'creating', $3, $4, NULL, $5, NULL, $6) ON CONFLICT (id) DO NOTHING`,
        [row.id, row.parentSessionId, row.branch, row.base, row.directory, row.createdAt],
      );
    } catch (error) {
      if (violates(error, 'worktrees_one_branch')) throw new BranchExists(row.branch);
      throw error;
    }
  }

  find(id: string, sql: Sql = this.database): Promise<WorktreeRow | null> {
    return sql.of(WorktreeEntity).findOneBy({ id });
  }

  findByBranch(parentSessionId: string, branch: string): Promise<WorktreeRow | null> {
    return this.database.of(WorktreeEntity).findOneBy({ parentSessionId, branch });
  }

  lock(tx: Tx, id: string): Promise<WorktreeRow | null> {
    return tx.of(WorktreeEntity).findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  page(parentSessionId: string, after: string | undefined, limit: number): Promise<WorktreeRow[]> {
    const rows = this.database
      .of(WorktreeEntity)
      .createQueryBuilder('w')
      .where('w.parentSessionId = :parentSessionId', { parentSessionId });
    if (after !== undefined) rows.andWhere('w.id > :after', { after });
    return rows.orderBy('w.id').limit(limit).getMany();
  }

  async update(
    id: string,
    change: Partial<Omit<WorktreeRow, 'id'>>,
    sql: Sql = this.database,
  ): Promise<void> {
    await sql.of(WorktreeEntity).update({ id }, change);
  }

  async delete(id: string, sql: Sql = this.database): Promise<void> {
    await sql.of(WorktreeEntity).delete({ id });
  }
}

export const toWorktree = (row: WorktreeRow): Worktree => ({
  id: row.id,
  state: row.state,
  path: row.path,
  branch: row.branch,
  baseSha: row.baseSha,
  sessionId: row.sessionId,
  parentSessionId: row.parentSessionId,
  createdAt: row.createdAt.toISOString(),
});
