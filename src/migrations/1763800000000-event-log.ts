import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class EventLog1763800000000 implements MigrationInterface {
  readonly name = 'EventLog1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE streams (
        stream text PRIMARY KEY,
        head   bigint NOT NULL,
        oldest bigint NOT NULL DEFAULT 1
      )`);
    await runner.query(`
      CREATE TABLE events (
        stream text NOT NULL,
        seq    bigint NOT NULL,
        type   text NOT NULL,
        at     timestamptz NOT NULL,
        data   jsonb NOT NULL,
        PRIMARY KEY (stream, seq)
      )`);
    await runner.query(`
      CREATE TABLE idempotency_keys (
        scope       text NOT NULL,
        key         text NOT NULL,
        body_hash   text NOT NULL,
        resource_id uuid NOT NULL,
        status      int,
        response    json,
        location    text,
        claimed_at  timestamptz NOT NULL,
        created_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (scope, key)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE idempotency_keys, events, streams');
  }
}
