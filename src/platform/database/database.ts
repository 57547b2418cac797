import { Injectable } from '@nestjs/common';
import {
  DataSource,
  type EntityTarget,
  type ObjectLiteral,
  QueryFailedError,
  type QueryRunner,
  type Repository,
} from 'typeorm';
import { type Sql, type Tx } from './sql.js';

/** Serialization failure and deadlock: PostgreSQL asks for the whole transaction again. */
const RETRYABLE_SQLSTATES: ReadonlySet<string> = new Set(['40001', '40P01']);
const MAX_ATTEMPTS = 5;

/** The one door to PostgreSQL: statements, repositories and transactions. */
@Injectable()
export class Database implements Sql {
  constructor(private readonly source: DataSource) {}

  async query<T>(sql: string, params: readonly unknown[] = []): Promise<T[]> {
    const runner = this.source.createQueryRunner();
    try {
      return await runQuery<T>(runner, sql, params);
    } finally {
      await runner.release();
    }
  }

  of<E extends ObjectLiteral>(entity: EntityTarget<E>): Repository<E> {
    return this.source.getRepository(entity);
  }

  /**
   * Runs `work` in one transaction (READ COMMITTED). `work` may run more than once, when PostgreSQL found a deadlock:
   * it must do nothing but talk to the database. `afterCommit` acts run once, after the commit, in order.
   */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.attempt(work);
      } catch (error) {
        if (attempt >= MAX_ATTEMPTS || !RETRYABLE_SQLSTATES.has(sqlState(error) ?? '')) throw error;
      }
    }
  }

  private async attempt<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const acts: (() => void)[] = [];
    const result = await this.source.transaction(async (manager) => {
      const runner = manager.queryRunner;
      if (!runner) throw new Error('TypeORM opened a transaction without a query runner');
      return work({
        query: (sql, params = []) => runQuery(runner, sql, params),
        of: (entity) => manager.getRepository(entity),
        afterCommit: (act) => acts.push(act),
      });
    });
    for (const act of acts) act();
    return result;
  }
}

const runQuery = async <T>(
  runner: QueryRunner,
  sql: string,
  params: readonly unknown[],
): Promise<T[]> => (await runner.query(sql, [...params], true)).records as T[];

/** The SQLSTATE of a failed statement, for example `23505` (unique violation). */
export const sqlState = (error: unknown): string | null => {
  if (!(error instanceof QueryFailedError)) return null;
  const { code } = error.driverError as { code?: unknown };
  return typeof code === 'string' ? code : null;
};

/** `restrict_violation` and `foreign_key_violation`: PostgreSQL 18 tells `ON DELETE RESTRICT` by the former, older ones by the latter. */
const REFERENCED_SQLSTATES: ReadonlySet<string> = new Set(['23001', '23503']);

/** Whether a row could not be deleted because others refer to it. */
export const isReferenced = (error: unknown): boolean =>
  REFERENCED_SQLSTATES.has(sqlState(error) ?? '');

/** Whether a statement failed on the named unique index or constraint. */
export const violates = (error: unknown, constraint: string): boolean =>
  error instanceof QueryFailedError &&
  (error.driverError as { constraint?: unknown }).constraint === constraint;

/**
 * Inserts under an id of the caller's choice by `make`. Whoever asks for the same id at the same moment finds its primary
 * key taken, and gets what the other one `made`.
 */
export const makeOnce = async <T>(
  primaryKey: string,
  make: () => Promise<T>,
  made: () => Promise<T>,
): Promise<T> => {
  try {
    return await make();
  } catch (error) {
    if (violates(error, primaryKey)) return made();
    throw error;
  }
};
