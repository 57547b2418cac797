import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../../platform/database/index.js';
import { type Playbook } from '../playbooks/playbook.js';
import { PlaybookEntity, type PlaybookRow } from './playbook.entity.js';

@Injectable()
export class PlaybooksRepository {
  constructor(private readonly database: Database) {}

  /** Does nothing when there is one with that id already. */
  async insertUnlessKnown(row: PlaybookRow): Promise<void> {
    await this.database
      .of(PlaybookEntity)
      .createQueryBuilder()
      .insert()
      .values(row)
      .orIgnore()
      .execute();
  }

  find(id: string, sql: Sql = this.database): Promise<PlaybookRow | null> {
    return sql.of(PlaybookEntity).findOneBy({ id });
  }

  lock(id: string, sql: Sql): Promise<PlaybookRow | null> {
    return sql.of(PlaybookEntity).findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  page(after: string | undefined, limit: number): Promise<PlaybookRow[]> {
    const rows = this.database.of(PlaybookEntity).createQueryBuilder('p');
    if (after !== undefined) rows.where('p.id > :after', { after });
    return rows.orderBy('p.id').limit(limit).getMany();
  }

  async save(row: PlaybookRow, sql: Sql): Promise<void> {
    await sql.of(PlaybookEntity).save(row);
  }

  async delete(id: string): Promise<boolean> {
    const { affected } = await this.database.of(PlaybookEntity).delete({ id });
    return affected === 1;
  }
}

export const toPlaybook = (row: PlaybookRow): Playbook => ({
  id: row.id,
  name: row.name,
  documents: row.documents,
  loop: row.loop,
  maxLoops: row.maxLoops,
  prompt: row.prompt,
  worktree: row.worktree,
  sessionId: row.sessionId,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});
