import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Authorities and revoked keys that were imported from a known_hosts file for a remote and the hosts on the way. */
export class HostKeyLines1763800600000 implements MigrationInterface {
  readonly name = 'HostKeyLines1763800600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE remotes ADD COLUMN host_key_lines jsonb NOT NULL DEFAULT '[]'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE remotes DROP COLUMN host_key_lines');
  }
}
