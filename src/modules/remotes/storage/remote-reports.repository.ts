import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../../platform/database/index.js';
import { type SeenState } from '../remote.js';

/** What each living process sees of the remotes that it has to do with. */
@Injectable()
export class RemoteReportsRepository {
  constructor(private readonly database: Database) {}

  async of(remoteId: string, sql: Sql): Promise<SeenState[]> {
    const rows = await sql.query<{ state: SeenState }>(
      'SELECT state FROM remote_reports WHERE remote_id = $1 ORDER BY worker',
      [remoteId],
    );
    return rows.map(({ state }) => state);
  }

  async put(sql: Sql, remoteId: string, worker: number, state: SeenState): Promise<void> {
    await sql.query(
      `INSERT INTO remote_reports (remote_id, worker, state) VALUES ($1, $2, $3)
       ON CONFLICT (remote_id, worker) DO UPDATE SET state = $3`,
      [remoteId, worker, JSON.stringify(state)],
    );
  }

  async remove(sql: Sql, remoteId: string, worker: number): Promise<void> {
    await sql.query('DELETE FROM remote_reports WHERE remote_id = $1 AND worker = $2', [
      remoteId,
      worker,
    ]);
  }

  async removeAll(sql: Sql, remoteId: string): Promise<void> {
    await sql.query('DELETE FROM remote_reports WHERE remote_id = $1', [remoteId]);
  }

  /** Remotes of which a process reported that is gone. */
  async orphaned(living: readonly number[]): Promise<string[]> {
    const rows = await this.database.query<{ remoteId: string }>(
      `SELECT DISTINCT remote_id AS "remoteId" FROM remote_reports WHERE worker <> ALL($1::int[])`,
      [living],
    );
    return rows.map(({ remoteId }) => remoteId);
  }

  async removeOrphans(sql: Sql, remoteId: string, living: readonly number[]): Promise<void> {
    await sql.query(
      'DELETE FROM remote_reports WHERE remote_id = $1 AND worker <> ALL($2::int[])',
      [remoteId, living],
    );
  }

  /** Who reports on each of these remotes, the oldest process first. */
  async reporters(remoteIds: readonly string[]): Promise<Map<string, number[]>> {
    const rows = await this.database.query<{ remoteId: string; workers: number[] }>(
      `SELECT remote_id AS "remoteId", array_agg(worker ORDER BY worker) AS workers
       FROM remote_reports WHERE remote_id = ANY($1::uuid[]) GROUP BY remote_id`,
      [remoteIds],
    );
    return new Map(rows.map(({ remoteId, workers }) => [remoteId, workers]));
  }
}
