import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Images of turns and of messages in group chats: kept once, as long as one of these refers to them. */
export class Images1763800650000 implements MigrationInterface {
  readonly name = 'Images1763800650000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE images (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        media_type text NOT NULL,
        data bytea NOT NULL
      )`);
    // They are compressed as they are.
    await runner.query('ALTER TABLE images ALTER COLUMN data SET STORAGE EXTERNAL');
    await runner.query(`
      CREATE TABLE turn_images (
        turn_id uuid NOT NULL REFERENCES turns ON DELETE CASCADE,
        position int NOT NULL,
        image_id uuid NOT NULL REFERENCES images,
        PRIMARY KEY (turn_id, position)
      )`);
    await runner.query(`
      CREATE TABLE group_chat_message_images (
        message_id uuid NOT NULL REFERENCES group_chat_messages ON DELETE CASCADE,
        position int NOT NULL,
        image_id uuid NOT NULL REFERENCES images,
        PRIMARY KEY (message_id, position)
      )`);
    await runner.query(`
      CREATE FUNCTION forget_unused_images() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        -- Two that let go of the same image at once would each see the reference of the other.
        PERFORM 1 FROM images WHERE id IN (SELECT image_id FROM gone) ORDER BY id FOR UPDATE;
        DELETE FROM images USING gone
        WHERE images.id = gone.image_id
          AND NOT EXISTS (SELECT 1 FROM turn_images WHERE image_id = images.id)
          AND NOT EXISTS (SELECT 1 FROM group_chat_message_images WHERE image_id = images.id);
        RETURN NULL;
      END $$`);
    for (const table of ['turn_images', 'group_chat_message_images']) {
      await runner.query(`CREATE INDEX ${table}_image ON ${table} (image_id)`);
      await runner.query(`
        CREATE TRIGGER ${table}_forget AFTER DELETE ON ${table}
          REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_unused_images()`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE turn_images, group_chat_message_images');
    await runner.query('DROP FUNCTION forget_unused_images');
    await runner.query('DROP TABLE images');
  }
}
