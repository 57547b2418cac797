import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../../platform/database/index.js';
import { ScratchDirectoryEntity, type ScratchDirectoryRow } from './scratch-directory.entity.js';

@Injectable()
export class ScratchDirectoriesRepository {
  constructor(private readonly database: Database) {}

  /** The name that a session's directory has on that host, from its first use until it is released. */
  async nameOf(sessionId: string, remoteId: string | null): Promise<string> {
    const mine = [sessionId, remoteId];
    await this.database.query(
      `INSERT INTO scratch_directories (session_id, remote_id, name) VALUES ($1, $2, $3)
       ON CONFLICT DO NOTHING`,
      [...mine, randomUUID()],
    );
    const [row] = await this.database.query<{ name: string }>(
      `SELECT name FROM scratch_directories WHERE session_id = $1 AND remote_id IS NOT DISTINCT FROM $2::uuid`,
      mine,
    );
    if (!row) throw new Error(`Session ${sessionId} has no scratch directory`);
    return row.name;
  }

  find(name: string): Promise<ScratchDirectoryRow | null> {
    return this.database.of(ScratchDirectoryEntity).findOneBy({ name });
  }

  /** Those of a session belong to nobody from here on; answers with them. */
  async release(sql: Sql, sessionId: string): Promise<string[]> {
    const rows = await sql.query<{ name: string }>(
      'UPDATE scratch_directories SET session_id = NULL WHERE session_id = $1 RETURNING name',
      [sessionId],
    );
    return rows.map(({ name }) => name);
  }

  /** Some of those that belong to nobody: others each time, so that a host that is away keeps nobody waiting. */
  async released(): Promise<string[]> {
    const rows = await this.database.query<{ name: string }>(
      'SELECT name FROM scratch_directories WHERE session_id IS NULL ORDER BY random() LIMIT 20',
    );
    return rows.map(({ name }) => name);
  }

  async namesOn(remoteId: string | null): Promise<string[]> {
    const rows = await this.database.query<{ name: string }>(
      'SELECT name FROM scratch_directories WHERE remote_id IS NOT DISTINCT FROM $1::uuid',
      [remoteId],
    );
    return rows.map(({ name }) => name);
  }

  async delete(name: string): Promise<void> {
    await this.database.of(ScratchDirectoryEntity).delete({ name });
  }
}
