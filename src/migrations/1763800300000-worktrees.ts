import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class Worktrees1763800300000 implements MigrationInterface {
  readonly name = 'Worktrees1763800300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE worktrees (
        id                uuid PRIMARY KEY,
        parent_session_id uuid NOT NULL REFERENCES sessions,
        session_id        uuid REFERENCES sessions,
        state             text NOT NULL,
        branch            text NOT NULL,
        base              text NOT NULL,
        base_sha          text,
        directory         text,
        path              text,
        created_at        timestamptz NOT NULL
      )`);
    await runner.query(
      'CREATE UNIQUE INDEX worktrees_one_branch ON worktrees (parent_session_id, branch)',
    );
    await runner.query('CREATE INDEX worktrees_session ON worktrees (session_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE worktrees');
  }
}
