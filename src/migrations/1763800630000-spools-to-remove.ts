import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Whose output is still on its host, so that it is removed however often that fails at first. */
export class SpoolsToRemove1763800630000 implements MigrationInterface {
  readonly name = 'SpoolsToRemove1763800630000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE turns ADD COLUMN spools jsonb');
    await runner.query('CREATE INDEX turns_with_spools ON turns (id) WHERE spools IS NOT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE turns DROP COLUMN spools');
  }
}
