import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../../platform/database/index.js';
import { page } from '../../../platform/http/index.js';
import { type UsageGroup, type UsageRecord, type UsageReport } from '../usage.js';
import { type UsageQuery } from '../usage.schemas.js';

interface TotalRow {
  key: string | null;
  cursor: string;
  turns: number;
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
  reasoning: number | null;
  cost: number | null;
  estimated: boolean;
}

@Injectable()
export class UsageRecords {
  constructor(private readonly database: Database) {}

  /** Written with the end of the execution; the same one again changes nothing. */
  async add(sql: Sql, record: UsageRecord): Promise<void> {
    const { usage } = record;
    await sql.query(
      `INSERT INTO usage_records VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
       ON CONFLICT DO NOTHING`,
      [
        ...[record.turnId, record.attempt, record.at, record.sessionId, record.agent, record.model],
        ...[record.remoteId, record.runId, record.groupChatId],
        ...[usage.inputTokens, usage.outputTokens, usage.cacheReadTokens, usage.cacheWriteTokens],
        ...[usage.reasoningTokens, usage.costUsd, usage.costIsEstimate],
      ],
    );
  }

  /** The ones that cost most first, or the latest days. */
  async totals(asked: UsageQuery): Promise<Omit<UsageReport, 'prices'>> {
    const key = KEY_OF[asked.by];
    // Of all together first: PostgreSQL tells it in the same pass.
    const rows = await this.database.query<TotalRow>(
      `WITH grouped AS (
       SELECT grouping(key) = 1 AS is_total, key, count(DISTINCT turn_id)::int AS turns,
         coalesce(sum(input_tokens), 0)::bigint AS input, coalesce(sum(output_tokens), 0)::bigint AS output,
         coalesce(sum(cache_read_tokens), 0)::bigint AS cache_read,
         coalesce(sum(cache_write_tokens), 0)::bigint AS cache_write,
         sum(reasoning_tokens)::bigint AS reasoning, sum(cost_usd) AS cost,
         coalesce(bool_or(cost_is_estimate), false) AS estimated
       FROM (
         SELECT ${key} AS key, u.* FROM usage_records u
         WHERE ($1::timestamptz IS NULL OR at >= $1) AND ($2::timestamptz IS NULL OR at < $2)
           AND ($3::uuid IS NULL OR session_id = $3) AND ($4::uuid IS NULL OR group_chat_id = $4)
           AND ($5::uuid IS NULL OR run_id = $5)
           AND ($6::text IS NULL OR coalesce(remote_id::text, 'local') = $6)
           AND $7::text IS NOT NULL
       ) u
       GROUP BY GROUPING SETS ((), (key))
       ), ranked AS (
         SELECT *, CASE WHEN is_total THEN NULL WHEN key IS NULL THEN '-' ELSE '=' || key END AS cursor,
           row_number() OVER (
             ORDER BY is_total DESC, ${asked.by === 'day' ? 'key DESC' : 'cost DESC NULLS LAST, output DESC, key'}
           ) AS place
         FROM grouped
       )
       SELECT * FROM ranked
       WHERE is_total OR $8::text IS NULL OR place > (SELECT place FROM ranked WHERE cursor = $8)
       ORDER BY place LIMIT $9`,
      [
        ...[asked.from ?? null, asked.to ?? null, asked.sessionId ?? null],
        ...[asked.groupChatId ?? null, asked.runId ?? null, asked.remoteId ?? null, asked.timeZone],
        // The total, and one to know whether there are more.
        ...[asked.cursor ?? null, asked.limit + 2],
      ],
    );
    const [total, ...groups] = rows;
    if (!total) throw new Error('PostgreSQL gave no row for a sum');
    const { items, nextCursor } = page(groups, asked.limit, ({ cursor }) => cursor);
    return {
      items: items.map((row) => ({ key: row.key, ...toSums(row) })),
      nextCursor,
      total: toSums(total),
    };
  }
}

const KEY_OF: Record<UsageGroup, string> = {
  day: `to_char(at AT TIME ZONE $7, 'YYYY-MM-DD')`,
  session: 'session_id::text',
  'group-chat': 'group_chat_id::text',
  run: 'run_id::text',
  remote: 'remote_id::text',
  agent: 'agent',
  model: 'model',
};

const toSums = (row: TotalRow): UsageReport['total'] => ({
  turns: row.turns,
  inputTokens: row.input,
  outputTokens: row.output,
  cacheReadTokens: row.cache_read,
  cacheWriteTokens: row.cache_write,
  reasoningTokens: row.reasoning,
  costUsd: row.cost,
  costIsEstimate: row.estimated,
});
