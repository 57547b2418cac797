import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Attempts that did not end their turn, and the part of its absolute limit that they have used up. */
export class TurnsThatGoOn1763800680000 implements MigrationInterface {
  readonly name = 'TurnsThatGoOn1763800680000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE turns
        ADD COLUMN earlier jsonb NOT NULL DEFAULT '[]',
        ADD COLUMN spent_ms bigint NOT NULL DEFAULT 0`);
    // Open tools were ids; now it is also known which they are, and since when they run.
    await runner.query(`
      UPDATE turns SET parser = jsonb_set(parser, '{openTools}', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
          'id', id, 'name', 'a tool', 'since', floor(extract(epoch FROM now()) * 1000), 'unheardMs', unreachable_ms
        )), '[]') FROM jsonb_array_elements_text(parser->'openTools') AS tool(id)
      ))
      WHERE jsonb_typeof(parser->'openTools') = 'array'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      UPDATE turns SET parser = jsonb_set(parser, '{openTools}', (
        SELECT coalesce(jsonb_agg(tool->'id'), '[]') FROM jsonb_array_elements(parser->'openTools') AS tool
      ))
      WHERE jsonb_typeof(parser->'openTools') = 'array'`);
    await runner.query('ALTER TABLE turns DROP COLUMN earlier, DROP COLUMN spent_ms');
  }
}
