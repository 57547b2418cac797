import { Injectable } from '@nestjs/common';
import { type QueryDeepPartialEntity } from 'typeorm';
import { Database, type Sql } from '../../../platform/database/index.js';
import { isWaiting, type Turn } from '../turn.js';
import { TurnEntity, type TurnRow } from './turn.entity.js';

/** A prompt and its answer, each perhaps only in part. */
export interface Exchange {
  prompt: string;
  promptIsCut: boolean;
  answer: string;
  answerIsCut: boolean;
}

@Injectable()
export class TurnsRepository {
  constructor(private readonly database: Database) {}

  async insert(sql: Sql, row: Omit<TurnRow, 'position' | 'images'>): Promise<void> {
    await sql.of(TurnEntity).insert(row as QueryDeepPartialEntity<TurnRow>);
  }

  find(id: string, sql: Sql = this.database): Promise<TurnRow | null> {
    return sql.of(TurnEntity).findOneBy({ id });
  }

  /** The row, locked until the end of the transaction. */
  lock(id: string, sql: Sql): Promise<TurnRow | null> {
    return sql.of(TurnEntity).findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  async findAll(ids: readonly string[], sql: Sql = this.database): Promise<TurnRow[]> {
    if (ids.length === 0) return [];
    return sql
      .of(TurnEntity)
      .createQueryBuilder('t')
      .where('t.id = ANY(:ids)', { ids })
      .orderBy('t.id')
      .getMany();
  }

  /** Turns of a session in order of their asking, beyond the cursor. */
  page(sessionId: string, after: string | undefined, limit: number): Promise<TurnRow[]> {
    const rows = this.database
      .of(TurnEntity)
      .createQueryBuilder('t')
      .where('t.sessionId = :sessionId', { sessionId });
    if (after !== undefined) rows.andWhere('t.id > :after', { after });
    return rows.orderBy('t.id').limit(limit).getMany();
  }

  /** Ended turns of a session, newest first, before the cursor. */
  ended(sessionId: string, before: string | undefined, limit: number): Promise<TurnRow[]> {
    const rows = this.database
      .of(TurnEntity)
      .createQueryBuilder('t')
      .where('t.sessionId = :sessionId AND t.finishedAt IS NOT NULL', { sessionId });
    if (before !== undefined) rows.andWhere('t.id < :before', { before });
    return rows.orderBy('t.id', 'DESC').limit(limit).getMany();
  }

  /**
   * What was said in the conversation of a session before one of its turns, newest first: its completed turns back to the
   * one that began it. Of each text so many characters at the most.
   */
  async transcript(sessionId: string, turnId: string, characters: number): Promise<Exchange[]> {
    return this.database.query<Exchange>(
      `WITH said AS (
         SELECT t.* FROM turns t
         WHERE t.session_id = $1 AND t.id <> $2 AND t.state = 'completed' AND (t.kind = 'message' OR NOT t.fresh)
       )
       SELECT left(prompt, $3) AS prompt, length(prompt) > $3 AS "promptIsCut",
              left(coalesce(text, ''), $3) AS answer, length(coalesce(text, '')) > $3 AS "answerIsCut"
       FROM said
       WHERE finished_at >= coalesce((SELECT max(finished_at) FROM said WHERE fresh), '-infinity')
       ORDER BY finished_at DESC LIMIT 100`,
      [sessionId, turnId, characters],
    );
  }

  /**
   * Whether the session already goes on with the conversation of a turn that was asked for later: only a turn that
   * speaks in one of its own (`fresh`) runs beside another.
   *
   * @param lostCode what an attempt ends with whose conversation is lost.
   */
  async isOvertaken(
    { id, sessionId, queuedAt }: TurnRow,
    lostCode: string,
    sql: Sql,
  ): Promise<boolean> {
    const rows = await sql.query(
      `SELECT 1 FROM turns WHERE session_id = $1 AND (queued_at, id) > ($2, $3)
         AND provider_session_id IS NOT NULL AND (kind = 'message' OR NOT fresh)
         AND (state = 'completed' OR NOT earlier @> jsonb_build_array(jsonb_build_object('code', $4::text))) LIMIT 1`,
      [sessionId, queuedAt, id, lostCode],
    );
    return rows.length > 0;
  }

  /** What waits in a session, next first. */
  queue(sessionId: string): Promise<TurnRow[]> {
    return this.database
      .of(TurnEntity)
      .find({ where: { sessionId, state: 'queued' }, order: { position: 'ASC', id: 'ASC' } });
  }

  /** The turns of a session of which nothing runs now, begun or not. */
  async waiting(sessionId: string, sql: Sql): Promise<string[]> {
    const rows = await sql.query<{ id: string }>(
      `SELECT id FROM turns WHERE session_id = $1 AND state IN ('queued', 'limited') ORDER BY position, id`,
      [sessionId],
    );
    return rows.map(({ id }) => id);
  }

  /** Nobody else changes the order of the session's queue until the end of the transaction. */
  async lockOrder(id: string, sql: Sql): Promise<void> {
    await sql.query(
      'SELECT pg_advisory_xact_lock(hashtextextended(session_id::text, 0)) FROM turns WHERE id = $1',
      [id],
    );
  }

  /** What waits in a session, next first, locked until the end of the transaction: nobody takes it meanwhile. */
  lockQueue(sessionId: string, sql: Sql): Promise<TurnRow[]> {
    return sql.of(TurnEntity).find({
      where: { sessionId, state: 'queued' },
      order: { position: 'ASC', id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
  }

  /** Gives each turn the position that is at its place. */
  async place(sql: Sql, ids: readonly string[], positions: readonly number[]): Promise<void> {
    await sql.query(
      `UPDATE turns t SET position = placed.position
       FROM unnest($1::uuid[], $2::float8[]) AS placed(id, position)
       WHERE t.id = placed.id AND t.position <> placed.position`,
      [ids, positions],
    );
  }

  /** Changes a row under its fence; false when another worker has taken it since. */
  async updateFenced(
    sql: Sql,
    id: string,
    fence: number,
    change: Partial<Omit<TurnRow, 'id' | 'fence'>>,
  ): Promise<boolean> {
    const { affected } = await sql
      .of(TurnEntity)
      .createQueryBuilder()
      .update()
      .set(change as QueryDeepPartialEntity<TurnRow>)
      .where('id = :id AND fence = :fence', { id, fence })
      .execute();
    return affected === 1;
  }

  async update(sql: Sql, id: string, change: Partial<Omit<TurnRow, 'id'>>): Promise<void> {
    await sql
      .of(TurnEntity)
      .createQueryBuilder()
      .update()
      .set(change as QueryDeepPartialEntity<TurnRow>)
      .where('id = :id', { id })
      .execute();
  }

  /** Turns whose agent may have run on a host and whose end is not recorded: what they left there is still needed. */
  begun(remoteId: string | null): Promise<Pick<TurnRow, 'id' | 'attempts' | 'nonce'>[]> {
    return this.database.query(
      `SELECT id, attempts, nonce FROM turns
       WHERE state IN ('queued', 'starting', 'running', 'stopping', 'limited')
         AND attempts > 0 AND remote_id IS NOT DISTINCT FROM $1::uuid`,
      [remoteId],
    );
  }

  /**
   * Turns whose output is still on their hosts, though it was read to the end: a few of each host, other ones each
   * time, so that those which cannot be removed keep nobody waiting.
   */
  async withSpools(ofEach = 20): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM (
         SELECT id, row_number() OVER (PARTITION BY remote_id ORDER BY random()) AS place
         FROM turns WHERE spools IS NOT NULL
       ) t WHERE place <= $1`,
      [ofEach],
    );
    return rows.map(({ id }) => id);
  }

  /** What the attempt had left on its host is gone. */
  async spoolsRemoved(id: string, attempt: number): Promise<void> {
    await this.database.query(
      `UPDATE turns SET spools = (
         SELECT jsonb_agg(left_over) FROM jsonb_array_elements(spools) AS left_over
         WHERE (left_over->>'attempt')::int <> $2
       ) WHERE id = $1 AND spools IS NOT NULL`,
      [id, attempt],
    );
  }

  /** Turns that were told to stop and are not proved gone. */
  async stopping(): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM turns WHERE state = 'stopping' AND NOT (stop->>'proved')::boolean`,
    );
    return rows.map(({ id }) => id);
  }
}

export const toTurn = (row: TurnRow): Turn => ({
  id: row.id,
  sessionId: row.sessionId,
  kind: row.kind,
  state: row.state,
  prompt: row.prompt,
  text: row.text,
  readOnly: row.readOnly,
  images: row.images,
  held: row.held,
  providerSessionId: row.providerSessionId,
  usage: row.usage,
  exitCode: row.exitCode,
  signal: row.signal,
  error: row.error,
  host: {
    kind: row.remoteId === null ? 'local' : 'ssh',
    remoteId: row.remoteId,
    hostname: row.hostname,
  },
  cwd: row.cwd,
  attempts: row.attempts - row.earlier.filter(({ code }) => code === 'agent/limit').length,
  earlier: row.earlier,
  waiting: row.waiting,
  retryAt: isWaiting(row) ? (row.retryAt?.toISOString() ?? null) : null,
  resumesAt: row.resumesAt?.toISOString() ?? null,
  queuedAt: row.queuedAt.toISOString(),
  startedAt: row.startedAt?.toISOString() ?? null,
  lastActivityAt: row.lastActivityAt?.toISOString() ?? null,
  finishedAt: row.finishedAt?.toISOString() ?? null,
});
