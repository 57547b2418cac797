import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Keys of the hosts on the way to a remote, by `host:port`. */
export class HopKeys1763800500000 implements MigrationInterface {
  readonly name = 'HopKeys1763800500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE remotes ADD COLUMN hop_keys jsonb NOT NULL DEFAULT '{}'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE remotes DROP COLUMN hop_keys');
  }
}
