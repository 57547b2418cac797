import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What each process sees of a remote; `remotes.state` is what follows from all of them. And when it was used last. */
export class RemoteReports1763800610000 implements MigrationInterface {
  readonly name = 'RemoteReports1763800610000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE remote_reports (
        remote_id uuid NOT NULL REFERENCES remotes ON DELETE CASCADE,
        worker    int NOT NULL,
        state     jsonb NOT NULL,
        PRIMARY KEY (remote_id, worker)
      )`);
    await runner.query('ALTER TABLE remotes ADD COLUMN used_at timestamptz');
    // What was written before says what nobody reports any more, except where a remote waits for a person.
    await runner.query(`
      UPDATE remotes SET state = jsonb_build_object(
        'status', 'unknown',
        'since', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'latencyMs', null,
        'transport', null,
        'transportReasons', '[]'::jsonb,
        'error', null
      )
      WHERE state->>'status' NOT IN ('unknown', 'auth-failed', 'host-key-changed')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE remotes DROP COLUMN used_at');
    await runner.query('DROP TABLE remote_reports');
  }
}
