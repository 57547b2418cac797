import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class Autorun1763800400000 implements MigrationInterface {
  readonly name = 'Autorun1763800400000';

  /** `held_session_id` keeps the session of an open run from being deleted. It is declared first, so that it is checked before the cascade. (Not RESTRICT: PostgreSQL 18 reports that by another code.) */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE playbooks (
        id         uuid PRIMARY KEY,
        name       text NOT NULL,
        documents  jsonb NOT NULL,
        loop       boolean NOT NULL,
        max_loops  int,
        prompt     text,
        worktree   jsonb,
        session_id uuid REFERENCES sessions ON DELETE SET NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE runs (
        id              uuid PRIMARY KEY,
        held_session_id uuid GENERATED ALWAYS AS
          (CASE WHEN state NOT IN ('completed', 'failed', 'stopped') THEN session_id END) STORED
          REFERENCES sessions,
        session_id      uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
        playbook_id     uuid REFERENCES playbooks ON DELETE SET NULL,
        state           text NOT NULL,
        pause           jsonb,
        end_reason      text,
        stop_reason     text,
        looping         boolean NOT NULL,
        max_loops       int,
        prompt          text,
        worktree        jsonb,
        worktree_id     uuid,
        work_session_id uuid,
        working_tree    text NOT NULL,
        folder          text,
        documents       jsonb NOT NULL,
        loop            int NOT NULL DEFAULT 1,
        surveyed_loop   int NOT NULL DEFAULT 0,
        document_index  int NOT NULL DEFAULT 0,
        turn_id         uuid,
        task_turns      int NOT NULL DEFAULT 0,
        idle_turns      int NOT NULL DEFAULT 0,
        ticked_in_pass  int NOT NULL DEFAULT 0,
        passed_gate     text,
        fence           bigint NOT NULL DEFAULT 0,
        worker          int,
        lease_until     timestamptz,
        retry_at        timestamptz,
        created_at      timestamptz NOT NULL,
        started_at      timestamptz,
        finished_at     timestamptz
      )`);
    await runner.query('CREATE INDEX runs_of_session ON runs (session_id, id)');
    await runner.query(`
      CREATE UNIQUE INDEX runs_one_per_tree ON runs (working_tree)
      WHERE state NOT IN ('completed', 'failed', 'stopped')`);
    await runner.query(`
      CREATE TABLE run_tasks (
        id             uuid PRIMARY KEY,
        run_id         uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
        state          text NOT NULL,
        loop           int NOT NULL,
        document       text NOT NULL,
        line           int NOT NULL,
        text           text NOT NULL,
        turn_id        uuid,
        boxes          jsonb,
        ticked         int,
        success        boolean,
        summary        text,
        error          jsonb,
        started_at     timestamptz,
        finished_at    timestamptz
      )`);
    await runner.query('CREATE INDEX run_tasks_of_run ON run_tasks (run_id, id)');
    await runner.query(
      'CREATE UNIQUE INDEX run_tasks_one_per_turn ON run_tasks (turn_id) WHERE turn_id IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE run_tasks, runs, playbooks');
  }
}
