import { Injectable } from '@nestjs/common';
import { type Usage } from '../../../agents/index.js';
import { Database, type Sql } from '../../../platform/database/index.js';
import { SessionEntity, type SessionRow } from './session.entity.js';

/** What the open turns of a session, and the last one that ended, say of it. */
export interface SessionStanding {
  activeTurnId: string | null;
  queued: number;
  limited: boolean;
  lastFailed: boolean;
}

export interface SessionActivity extends SessionStanding {
  /** Of all its turns; the size of the context is that of the last one that told it. */
  usage: Usage;
}

interface StandingRow {
  active: string | null;
  queued: number;
  limited: boolean;
  last_state: string | null;
}

interface SpentRow {
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
  reasoning: number | null;
  cost: number | null;
  estimated: boolean;
}

interface ActivityRow extends StandingRow, SpentRow {
  session_id: string;
  context_tokens: number | null;
  context_window: number | null;
}

@Injectable()
export class SessionsRepository {
  constructor(private readonly database: Database) {}

  async insert(sql: Sql, row: SessionEntity): Promise<void> {
    await sql.of(SessionEntity).insert(row);
  }

  find(id: string, sql: Sql = this.database): Promise<SessionRow | null> {
    return sql.of(SessionEntity).findOneBy({ id });
  }

  /** The row, locked until the end of the transaction. */
  lock(id: string, sql: Sql): Promise<SessionRow | null> {
    return sql.of(SessionEntity).findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  /** The row, which nobody else changes until the end of the transaction. */
  share(id: string, sql: Sql): Promise<SessionRow | null> {
    return sql.of(SessionEntity).findOne({ where: { id }, lock: { mode: 'pessimistic_read' } });
  }

  page(after: string | undefined, limit: number): Promise<SessionRow[]> {
    const rows = this.database.of(SessionEntity).createQueryBuilder('s');
    if (after !== undefined) rows.where('s.id > :after', { after });
    return rows.orderBy('s.id').limit(limit).getMany();
  }

  async findAll(ids: readonly string[], sql: Sql = this.database): Promise<SessionRow[]> {
    if (ids.length === 0) return [];
    return sql
      .of(SessionEntity)
      .createQueryBuilder('s')
      .where('s.id = ANY(:ids)', { ids })
      .getMany();
  }

  /** Every session, for resolving names. */
  all(sql: Sql = this.database): Promise<SessionRow[]> {
    return sql.of(SessionEntity).find({ order: { id: 'ASC' } });
  }

  async update(sql: Sql, id: string, change: Partial<SessionRow>): Promise<void> {
    await sql.of(SessionEntity).update({ id }, { ...change, updatedAt: new Date() });
  }

  async delete(sql: Sql, id: string): Promise<void> {
    await sql.of(SessionEntity).delete({ id });
  }

  async standing(id: string, sql: Sql): Promise<SessionStanding> {
    const [row] = await sql.query<StandingRow>(
      `SELECT ${STANDING} FROM (SELECT $1::uuid) AS s(id) ${STANDING_OF_S}`,
      [id],
    );
    if (!row) throw new Error('PostgreSQL gave no row for a constant');
    return toStanding(row);
  }

  async activity(
    ids: readonly string[],
    sql: Sql = this.database,
  ): Promise<Map<string, SessionActivity>> {
    const rows = await sql.query<ActivityRow>(
      `SELECT s.id AS session_id, ${STANDING},
              used.input, used.output, used.cache_read, used.cache_write, used.reasoning, used.cost, used.estimated,
              context.tokens AS context_tokens, context.size AS context_window
       FROM unnest($1::uuid[]) AS s(id)
       ${STANDING_OF_S}
       LEFT JOIN LATERAL (
         SELECT ${SPENT} FROM turns t WHERE t.session_id = s.id AND t.usage IS NOT NULL
       ) used ON true
       LEFT JOIN LATERAL (
         SELECT (t.usage->>'contextTokens')::bigint AS tokens, (t.usage->>'contextWindow')::bigint AS size
         FROM turns t
         WHERE t.session_id = s.id AND t.finished_at IS NOT NULL AND t.usage->>'contextTokens' IS NOT NULL
         ORDER BY t.finished_at DESC LIMIT 1
       ) context ON true`,
      [ids],
    );
    return new Map(rows.map((row) => [row.session_id, toActivity(row)]));
  }

  /** Of the turns that a session has had in one conversation of its provider. */
  async spentOn(id: string, providerSessionId: string): Promise<Usage> {
    const [row] = await this.database.query<SpentRow>(
      `SELECT ${SPENT} FROM turns t WHERE t.session_id = $1 AND t.provider_session_id = $2`,
      [id, providerSessionId],
    );
    if (!row) throw new Error('PostgreSQL gave no row for a sum');
    return toUsage(row);
  }
}

const SPENT = `coalesce(sum((t.usage->>'inputTokens')::bigint), 0)::bigint AS input,
  coalesce(sum((t.usage->>'outputTokens')::bigint), 0)::bigint AS output,
  coalesce(sum((t.usage->>'cacheReadTokens')::bigint), 0)::bigint AS cache_read,
  coalesce(sum((t.usage->>'cacheWriteTokens')::bigint), 0)::bigint AS cache_write,
  sum((t.usage->>'reasoningTokens')::bigint)::bigint AS reasoning,
  sum((t.usage->>'costUsd')::float8) AS cost,
  coalesce(bool_or((t.usage->>'costIsEstimate')::boolean), false) AS estimated`;

const STANDING = `open.active, coalesce(open.queued, 0) AS queued,
  coalesce(open.limited, false) AS limited, last.state AS last_state`;

const STANDING_OF_S = `
  LEFT JOIN LATERAL (
    SELECT (array_agg(t.id ORDER BY t.position)
             FILTER (WHERE t.state IN ('starting', 'running', 'stopping')))[1] AS active,
           count(*) FILTER (WHERE t.state = 'queued') AS queued,
           bool_or(t.state = 'limited') AS limited
    FROM turns t
    WHERE t.session_id = s.id AND t.state IN ('queued', 'starting', 'running', 'stopping', 'limited')
  ) open ON true
  LEFT JOIN LATERAL (
    SELECT t.state FROM turns t WHERE t.session_id = s.id AND t.finished_at IS NOT NULL
    ORDER BY t.finished_at DESC LIMIT 1
  ) last ON true`;

const toStanding = (row: StandingRow): SessionStanding => ({
  activeTurnId: row.active,
  queued: row.queued,
  limited: row.limited,
  lastFailed: row.last_state === 'failed' || row.last_state === 'lost',
});

const toActivity = (row: ActivityRow): SessionActivity => ({
  ...toStanding(row),
  usage: {
    ...toUsage(row),
    contextWindow: row.context_window,
    contextTokens: row.context_tokens,
  },
});

const toUsage = (row: SpentRow): Usage => ({
  inputTokens: row.input,
  outputTokens: row.output,
  cacheReadTokens: row.cache_read,
  cacheWriteTokens: row.cache_write,
  reasoningTokens: row.reasoning,
  costUsd: row.cost,
  costIsEstimate: row.estimated,
  contextWindow: null,
  contextTokens: null,
});
