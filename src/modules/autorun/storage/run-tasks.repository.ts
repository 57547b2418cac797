import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../../platform/database/index.js';
import { type RunTask } from '../runs/run.js';
import { RunTaskEntity, type RunTaskRow } from './run-task.entity.js';

@Injectable()
export class RunTasksRepository {
  constructor(private readonly database: Database) {}

  async insert(sql: Sql, rows: RunTaskRow | RunTaskRow[]): Promise<void> {
    await sql.of(RunTaskEntity).insert(rows);
  }

  findByTurn(turnId: string, sql: Sql = this.database): Promise<RunTaskRow | null> {
    return sql.of(RunTaskEntity).findOneBy({ turnId });
  }

  /** Changes a row, in the database and at hand. */
  async change(sql: Sql, row: RunTaskRow, change: Partial<RunTaskRow>): Promise<void> {
    Object.assign(row, change);
    await sql
      .of(RunTaskEntity)
      .createQueryBuilder()
      .update()
      .set(change)
      .where({ id: row.id })
      .execute();
  }

  page(runId: string, after: string | undefined, limit: number): Promise<RunTaskRow[]> {
    const rows = this.database
      .of(RunTaskEntity)
      .createQueryBuilder('t')
      .where('t.runId = :runId', { runId });
    if (after !== undefined) rows.andWhere('t.id > :after', { after });
    return rows.orderBy('t.id').limit(limit).getMany();
  }

  /** The turns of each run. */
  async turnIds(runIds: readonly string[]): Promise<Map<string, string[]>> {
    const rows = await this.database.query<{ runId: string; turnIds: string[] }>(
      `SELECT run_id AS "runId", array_agg(turn_id::text) AS "turnIds" FROM run_tasks
       WHERE run_id = ANY($1::uuid[]) AND turn_id IS NOT NULL GROUP BY run_id`,
      [runIds],
    );
    return new Map(rows.map(({ runId, turnIds }) => [runId, turnIds]));
  }
}

export const toRunTask = (row: RunTaskRow): RunTask => ({
  id: row.id,
  runId: row.runId,
  state: row.state,
  loop: row.loop,
  document: row.document,
  line: row.line,
  text: row.text,
  turnId: row.turnId,
  ticked: row.ticked,
  success: row.success,
  summary: row.summary,
  error: row.error,
  startedAt: row.startedAt?.toISOString() ?? null,
  finishedAt: row.finishedAt?.toISOString() ?? null,
});
