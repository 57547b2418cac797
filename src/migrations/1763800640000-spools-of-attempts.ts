import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** A list of what is still on the host: of one attempt it may still be there when the next has ended. */
export class SpoolsOfAttempts1763800640000 implements MigrationInterface {
  readonly name = 'SpoolsOfAttempts1763800640000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'UPDATE turns SET spools = jsonb_build_array(spools) WHERE spools IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('UPDATE turns SET spools = spools->-1 WHERE spools IS NOT NULL');
  }
}
