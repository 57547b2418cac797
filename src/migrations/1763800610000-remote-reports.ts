import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What each process sees of a remote; `remotes.state` is what follows from all of them. */
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
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE remote_reports');
  }
}
