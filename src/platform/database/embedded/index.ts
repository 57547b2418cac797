export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from './embedded-postgres.js';
export {
  DataDirInUse,
  EmbeddedDatabaseFailed,
  EmbeddedDatabaseUnsupported,
} from './embedded.errors.js';
