import { Injectable } from '@nestjs/common';
import { Database, type Sql, violates } from '../../../platform/database/index.js';
import { RunBusy } from '../autorun.errors.js';
import { type RunState } from '../runs/run.js';
import { RunEntity, type RunRow } from './run.entity.js';

export interface RunFilter {
  sessionId?: string | undefined;
  state?: RunState | undefined;
}

@Injectable()
export class RunsRepository {
  constructor(private readonly database: Database) {}

  /** @throws {RunBusy} when another open run has its working tree. */
  async insert(sql: Sql, row: RunRow): Promise<void> {
    await refusingTwo(row.workingTree, () => sql.of(RunEntity).insert(row));
  }

  find(id: string, sql: Sql = this.database): Promise<RunRow | null> {
    return sql.of(RunEntity).findOneBy({ id });
  }

  /** The row, locked until the end of the transaction. */
  lock(id: string, sql: Sql): Promise<RunRow | null> {
    return sql.of(RunEntity).findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  page(
    { sessionId, state }: RunFilter,
    after: string | undefined,
    limit: number,
  ): Promise<RunRow[]> {
    const rows = this.database.of(RunEntity).createQueryBuilder('r').where('true');
    if (sessionId !== undefined) rows.andWhere('r.sessionId = :sessionId', { sessionId });
    if (state !== undefined) rows.andWhere('r.state = :state', { state });
    if (after !== undefined) rows.andWhere('r.id > :after', { after });
    return rows.orderBy('r.id').limit(limit).getMany();
  }

  /** Changes a locked row, in the database and at hand. @throws {RunBusy} */
  async change(sql: Sql, row: RunRow, change: Partial<Omit<RunRow, 'id'>>): Promise<void> {
    Object.assign(row, change);
    await refusingTwo(row.workingTree, () =>
      sql.of(RunEntity).createQueryBuilder().update().set(change).where({ id: row.id }).execute(),
    );
  }

  /** Takes the run for `leaseMs`, unless another worker has it. Returns the fence, or null. */
  async claim(id: string, worker: number, leaseMs: number): Promise<number | null> {
    const [row] = await this.database.query<{ fence: number }>(
      `UPDATE runs SET fence = fence + 1, worker = $2, lease_until = now() + $3 * interval '1 ms',
         retry_at = NULL
       WHERE id = $1 AND state IN ('queued', 'running', 'limited', 'stopping')
         AND (lease_until IS NULL OR lease_until < now())
       RETURNING fence`,
      [id, worker, leaseMs],
    );
    return row?.fence ?? null;
  }

  /** False when another worker has taken the run since. */
  async renew(id: string, fence: number, leaseMs: number): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE runs SET lease_until = now() + $3 * interval '1 ms' WHERE id = $1 AND fence = $2 RETURNING id`,
      [id, fence, leaseMs],
    );
    return rows.length > 0;
  }

  async release(id: string, fence: number): Promise<void> {
    await this.database.query('UPDATE runs SET lease_until = NULL WHERE id = $1 AND fence = $2', [
      id,
      fence,
    ]);
  }

  async retryAfter(id: string, fence: number, delayMs: number): Promise<void> {
    await this.database.query(
      `UPDATE runs SET retry_at = now() + $3 * interval '1 ms' WHERE id = $1 AND fence = $2`,
      [id, fence, delayMs],
    );
  }

  /** Runs that a worker could look at now, and the turn that each waits for. */
  idle(): Promise<Pick<RunRow, 'id' | 'state' | 'turnId' | 'stopReason'>[]> {
    return this.database.query(
      `SELECT id, state, turn_id AS "turnId", stop_reason AS "stopReason" FROM runs
       WHERE state IN ('queued', 'running', 'limited', 'stopping')
         AND (lease_until IS NULL OR lease_until < now())
         AND (retry_at IS NULL OR retry_at <= now())`,
    );
  }
}

const refusingTwo = async (workingTree: string, write: () => Promise<unknown>): Promise<void> => {
  try {
    await write();
  } catch (error) {
    throw violates(error, 'runs_one_per_tree') ? new RunBusy(workingTree) : error;
  }
};
