import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class EffortAndScratch1763800670000 implements MigrationInterface {
  readonly name = 'EffortAndScratch1763800670000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE sessions
        ADD COLUMN effort text,
        ADD COLUMN held boolean NOT NULL DEFAULT false`);
    await runner.query('ALTER TABLE turns ADD COLUMN cwd text');
    // Outlives its session: until it is removed from its host, somebody must know of it.
    await runner.query(`
      CREATE TABLE scratch_directories (
        name       text PRIMARY KEY,
        session_id uuid REFERENCES sessions ON DELETE SET NULL,
        remote_id  uuid
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX scratch_of_session
      ON scratch_directories (session_id, (coalesce(remote_id::text, 'local')))
      WHERE session_id IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE scratch_directories');
    await runner.query('ALTER TABLE turns DROP COLUMN cwd');
    await runner.query('ALTER TABLE sessions DROP COLUMN effort, DROP COLUMN held');
  }
}
