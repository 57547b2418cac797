import { type DataSource } from 'typeorm';

/** Any number; the same for every process of every version, so that two never migrate at once. */
const MIGRATION_LOCK = 7_302_551_981;

/** Brings the schema up to date. Processes that start together take turns; all but the first find nothing to do. */
export const migrate = async (source: DataSource): Promise<void> => {
  const runner = source.createQueryRunner();
  await runner.connect();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await source.runMigrations({ transaction: 'each' });
  } finally {
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    await runner.release();
  }
};
