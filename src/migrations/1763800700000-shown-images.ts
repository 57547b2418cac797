import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What people are told of the images of a turn stands beside it: lists of turns need no look at the images. */
export class ShownImages1763800700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE turns ADD COLUMN images jsonb NOT NULL DEFAULT '[]'`);
    await runner.query(`
      UPDATE turns SET images = shown.images
      FROM (
        SELECT turn_id, jsonb_agg(jsonb_build_object('name', name, 'mediaType', media_type) ORDER BY position) AS images
        FROM turn_images JOIN images ON images.id = image_id GROUP BY turn_id
      ) shown WHERE turns.id = shown.turn_id`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE turns DROP COLUMN images');
  }
}
