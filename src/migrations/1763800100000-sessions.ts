import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class Sessions1763800100000 implements MigrationInterface {
  readonly name = 'Sessions1763800100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE remotes (
        id                uuid PRIMARY KEY,
        name              text NOT NULL,
        host              text NOT NULL,
        port              int,
        username          text,
        private_key_path  text,
        private_key       text,
        passphrase        text,
        working_directory text,
        env               text NOT NULL,
        env_names         jsonb NOT NULL,
        enabled           boolean NOT NULL,
        use_ssh_config    boolean NOT NULL,
        host_key_policy   text NOT NULL,
        is_default        boolean NOT NULL DEFAULT false,
        host_key          jsonb,
        offered_host_key  jsonb,
        state             jsonb NOT NULL,
        created_at        timestamptz NOT NULL,
        updated_at        timestamptz NOT NULL
      )`);
    await runner.query(
      'CREATE UNIQUE INDEX remotes_one_default ON remotes (is_default) WHERE is_default',
    );
    await runner.query('CREATE UNIQUE INDEX remotes_name ON remotes (lower(name))');
    await runner.query(`
      CREATE TABLE sessions (
        id                  uuid PRIMARY KEY,
        name                text NOT NULL,
        agent               text NOT NULL,
        cwd                 text NOT NULL,
        remote_id           uuid REFERENCES remotes,
        env                 text NOT NULL,
        env_names           jsonb NOT NULL,
        args                jsonb NOT NULL,
        model               text,
        command             text,
        auto_run_folder     text,
        limits              jsonb NOT NULL,
        parent_session_id   uuid REFERENCES sessions ON DELETE SET NULL,
        provider_session_id text,
        created_at          timestamptz NOT NULL,
        updated_at          timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX sessions_remote ON sessions (remote_id)');
    await runner.query('CREATE SEQUENCE turn_positions');
    await runner.query('CREATE SEQUENCE worker_numbers AS int CYCLE');
    await runner.query(`
      CREATE TABLE turns (
        id                  uuid PRIMARY KEY,
        session_id          uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
        kind                text NOT NULL,
        state               text NOT NULL,
        prompt              text NOT NULL,
        read_only           boolean NOT NULL,
        fresh               boolean NOT NULL,
        working_tree        text NOT NULL,
        position            double precision NOT NULL DEFAULT nextval('turn_positions'),
        held                boolean NOT NULL DEFAULT false,
        owner_job           text,
        owner_id            uuid,
        remote_id           uuid,
        hostname            text,
        nonce               text NOT NULL,
        attempts            int NOT NULL DEFAULT 0,
        fence               bigint NOT NULL DEFAULT 0,
        worker              int,
        lease_until         timestamptz,
        retry_at            timestamptz,
        stdout_offset       bigint NOT NULL DEFAULT 0,
        stderr_offset       bigint NOT NULL DEFAULT 0,
        stderr_tail         text NOT NULL DEFAULT '',
        parser              jsonb,
        stop                jsonb,
        text                text,
        provider_session_id text,
        usage               jsonb,
        exit_code           int,
        signal              text,
        error               jsonb,
        resumes_at          timestamptz,
        queued_at           timestamptz NOT NULL,
        started_at          timestamptz,
        last_activity_at    timestamptz,
        finished_at         timestamptz
      )`);
    await runner.query('CREATE INDEX turns_of_session ON turns (session_id, id)');
    await runner.query(`
      CREATE INDEX turns_ended ON turns (session_id, finished_at DESC)
      WHERE finished_at IS NOT NULL`);
    await runner.query(`
      CREATE INDEX turns_open_of_session ON turns (session_id)
      WHERE state IN ('queued', 'starting', 'running', 'stopping', 'limited')`);
    await runner.query(`
      CREATE INDEX turns_open ON turns (working_tree, position)
      WHERE state IN ('queued', 'starting', 'running', 'stopping', 'limited')`);
    await runner.query(`
      CREATE UNIQUE INDEX turns_one_writer ON turns (working_tree)
      WHERE NOT read_only AND state IN ('starting', 'running', 'stopping')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE turns, sessions, remotes');
    await runner.query('DROP SEQUENCE turn_positions, worker_numbers');
  }
}
