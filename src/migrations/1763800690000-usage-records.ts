import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What each execution of a turn has used. Without foreign keys: what was spent stays known when a session is deleted. */
export class UsageRecords1763800690000 implements MigrationInterface {
  readonly name = 'UsageRecords1763800690000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE usage_records (
        turn_id uuid NOT NULL,
        attempt int NOT NULL,
        at timestamptz NOT NULL,
        session_id uuid NOT NULL,
        agent text NOT NULL,
        model text,
        remote_id uuid,
        run_id uuid,
        group_chat_id uuid,
        input_tokens bigint NOT NULL,
        output_tokens bigint NOT NULL,
        cache_read_tokens bigint NOT NULL,
        cache_write_tokens bigint NOT NULL,
        reasoning_tokens bigint,
        cost_usd double precision,
        cost_is_estimate boolean NOT NULL,
        PRIMARY KEY (turn_id, attempt)
      )`);
    await runner.query(`
      UPDATE turns SET usage = '{"reasoningTokens": null, "costIsEstimate": false}'::jsonb || usage
      WHERE jsonb_typeof(usage) = 'object'`);
    await runner.query('CREATE INDEX usage_records_at ON usage_records (at)');
    await runner.query(`
      INSERT INTO usage_records
      SELECT t.id, t.attempts, coalesce(t.finished_at, t.queued_at), t.session_id, s.agent, NULL, t.remote_id,
        CASE WHEN t.kind IN ('task', 'synopsis') THEN t.owner_id END,
        CASE WHEN t.kind IN ('moderator', 'participant') THEN t.owner_id END,
        (t.usage->>'inputTokens')::bigint, (t.usage->>'outputTokens')::bigint,
        (t.usage->>'cacheReadTokens')::bigint, (t.usage->>'cacheWriteTokens')::bigint, NULL,
        (t.usage->>'costUsd')::float8, false
      FROM turns t JOIN sessions s ON s.id = t.session_id
      WHERE jsonb_typeof(t.usage) = 'object'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE usage_records');
  }
}
