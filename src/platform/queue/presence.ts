import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database, type Sql, StandingConnection } from '../database/index.js';

/** First key of the advisory locks that living workers hold; the second key is their number. */
const PRESENCE_CLASS = 73_025;

/** The numbers of those who hold a lock. */
const LIVING = `
  SELECT objid::bigint FROM pg_locks
  WHERE locktype = 'advisory' AND classid = ${PRESENCE_CLASS} AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** Tables whose rows a worker claims: with `worker int` and `lease_until timestamptz`. */
export type ClaimedTable = 'turns' | 'runs';

/**
 * Proves that this process lives: it has a number and holds an advisory lock on it over its standing connection. When
 * the process dies, the kernel closes the connection and PostgreSQL drops the lock, so that others take over at once
 * what it had claimed instead of after its lease. (The fence of each claim keeps this safe if the lock is lost alone.)
 */
@Injectable()
export class Presence implements OnApplicationBootstrap {
  private assigned: Promise<number> | null = null;

  constructor(
    private readonly database: Database,
    private readonly standing: StandingConnection,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.number();
  }

  /** The number to write beside a claim. */
  number(): Promise<number> {
    this.assigned ??= this.announce();
    return this.assigned;
  }

  /** The numbers of all processes that live. */
  async living(sql: Sql = this.database): Promise<number[]> {
    const rows = await sql.query<{ number: number }>(`SELECT * FROM (${LIVING}) AS living(number)`);
    return rows.map(({ number }) => number);
  }

  /** Ends the leases of workers that no longer live. */
  async freeOrphans(table: ClaimedTable, sql: Sql = this.database): Promise<void> {
    await sql.query(
      `UPDATE ${table} SET lease_until = NULL
       WHERE lease_until > now() AND worker NOT IN (${LIVING})`,
    );
  }

  private async announce(): Promise<number> {
    const [row] = await this.database.query<{ number: number }>(
      `SELECT nextval('worker_numbers')::int AS number`,
    );
    if (!row) throw new Error('PostgreSQL gave no worker number');
    await this.standing.take({
      setUp: async (client) => {
        await client.query('SELECT pg_advisory_lock($1, $2)', [PRESENCE_CLASS, row.number]);
      },
    });
    return row.number;
  }
}
