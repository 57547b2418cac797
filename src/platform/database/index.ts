export { Database, isReferenced, makeOnce, sqlState, violates } from './database.js';
export { DatabaseModule } from './database.module.js';
export { type Sql, type Tx } from './sql.js';
export { StandingConnection } from './standing-connection.js';
export { DatabaseReadiness } from './database-readiness.js';
export { MigrationsReadiness } from './migrations-readiness.js';
