import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CustomAgents1763800660000 implements MigrationInterface {
  readonly name = 'CustomAgents1763800660000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE sessions
        ADD COLUMN custom jsonb,
        ADD CONSTRAINT custom_agents_are_defined CHECK ((agent = 'custom') = (custom IS NOT NULL))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE sessions DROP COLUMN custom');
  }
}
