import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class Groupchats1763800200000 implements MigrationInterface {
  readonly name = 'Groupchats1763800200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE group_chats (
        id                   uuid PRIMARY KEY,
        name                 text NOT NULL,
        moderator_session_id uuid NOT NULL REFERENCES sessions,
        limits               jsonb NOT NULL,
        state                text NOT NULL,
        archived             boolean NOT NULL DEFAULT false,
        last_seq             int NOT NULL DEFAULT 0,
        created_at           timestamptz NOT NULL,
        updated_at           timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX group_chats_moderator ON group_chats (moderator_session_id)');
    await runner.query(`CREATE INDEX group_chats_busy ON group_chats (id) WHERE state <> 'idle'`);
    // A session is held fast as long as it takes part; the tombstone of a removal holds nothing.
    await runner.query(`
      CREATE TABLE group_chat_participants (
        chat_id            uuid NOT NULL REFERENCES group_chats ON DELETE CASCADE,
        session_id         uuid NOT NULL,
        present_session_id uuid
                          GENERATED ALWAYS AS (CASE WHEN removed_at IS NULL THEN session_id END) STORED
                          REFERENCES sessions,
        handle             text NOT NULL,
        added_at           timestamptz NOT NULL,
        removed_at         timestamptz,
        PRIMARY KEY (chat_id, session_id)
      )`);
    await runner.query(
      'CREATE INDEX group_chat_participants_present ON group_chat_participants (present_session_id)',
    );
    await runner.query(`
      CREATE TABLE group_chat_messages (
        id         uuid PRIMARY KEY,
        chat_id    uuid NOT NULL REFERENCES group_chats ON DELETE CASCADE,
        seq        int NOT NULL,
        round      int,
        sender     text NOT NULL,
        session_id uuid,
        name       text NOT NULL,
        text       text NOT NULL,
        late       boolean NOT NULL,
        read_only  boolean NOT NULL,
        turn_id    uuid,
        at         timestamptz NOT NULL,
        UNIQUE (chat_id, seq)
      )`);
    await runner.query(
      `CREATE UNIQUE INDEX group_chat_messages_one_per_turn ON group_chat_messages (turn_id) WHERE sender <> 'system'`,
    );
    await runner.query(`
      CREATE TABLE group_chat_questions (
        message_id uuid PRIMARY KEY REFERENCES group_chat_messages ON DELETE CASCADE,
        chat_id    uuid NOT NULL REFERENCES group_chats ON DELETE CASCADE,
        seq        int NOT NULL,
        state      text NOT NULL,
        read_only  boolean NOT NULL,
        corrected  boolean NOT NULL DEFAULT false,
        heard_seq  int NOT NULL DEFAULT 0,
        end_reason text,
        ended_at   timestamptz
      )`);
    await runner.query(
      `CREATE INDEX group_chat_questions_queued ON group_chat_questions (chat_id, seq) WHERE state = 'queued'`,
    );
    await runner.query(
      `CREATE UNIQUE INDEX group_chat_questions_one_active ON group_chat_questions (chat_id) WHERE state = 'active'`,
    );
    await runner.query(`
      CREATE TABLE group_chat_rounds (
        id                uuid PRIMARY KEY,
        chat_id           uuid NOT NULL REFERENCES group_chats ON DELETE CASCADE,
        message_id        uuid NOT NULL REFERENCES group_chat_questions ON DELETE CASCADE,
        number            int NOT NULL,
        phase             text NOT NULL,
        moderator_turn_id uuid,
        started_at        timestamptz NOT NULL,
        closed_at         timestamptz,
        UNIQUE (message_id, number)
      )`);
    await runner.query('CREATE INDEX group_chat_rounds_of_chat ON group_chat_rounds (chat_id, id)');
    await runner.query(`
      CREATE TABLE group_chat_round_turns (
        id          uuid PRIMARY KEY,
        round_id    uuid NOT NULL REFERENCES group_chat_rounds ON DELETE CASCADE,
        chat_id     uuid NOT NULL REFERENCES group_chats ON DELETE CASCADE,
        role        text NOT NULL,
        session_id  uuid NOT NULL,
        handle      text NOT NULL,
        turn_id     uuid,
        state       text NOT NULL,
        settled     boolean NOT NULL,
        deadline_at timestamptz,
        failure     jsonb,
        cost_usd    double precision
      )`);
    await runner.query(
      'CREATE INDEX group_chat_round_turns_of_round ON group_chat_round_turns (round_id)',
    );
    await runner.query(
      'CREATE INDEX group_chat_round_turns_open ON group_chat_round_turns (chat_id) WHERE NOT settled',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP TABLE group_chat_round_turns, group_chat_rounds, group_chat_questions, group_chat_messages,
                  group_chat_participants, group_chats`,
    );
  }
}
