import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Why and since when a turn waits for its host, and how long it did so before. */
export class TurnsThatWait1763800620000 implements MigrationInterface {
  readonly name = 'TurnsThatWait1763800620000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE turns
        ADD COLUMN waiting jsonb,
        ADD COLUMN unreachable_ms bigint NOT NULL DEFAULT 0`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE turns DROP COLUMN waiting, DROP COLUMN unreachable_ms');
  }
}
