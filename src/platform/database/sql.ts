import { type EntityTarget, type ObjectLiteral, type Repository } from 'typeorm';

/** Where a statement runs: the pool (each on its own) or an open transaction. Repositories take either. */
export interface Sql {
  /** Rows of any statement, also of `UPDATE ... RETURNING`. `bigint` comes back as a number. */
  query<T>(sql: string, params?: readonly unknown[]): Promise<T[]>;
  /** The TypeORM repository of an entity, bound to the same place. */
  of<E extends ObjectLiteral>(entity: EntityTarget<E>): Repository<E>;
}

/** An open transaction. What must be told to others is told by `afterCommit`, never from inside. */
export interface Tx extends Sql {
  /** Runs when, and only when, the transaction has been committed. Must not throw. */
  afterCommit(act: () => void): void;
}
