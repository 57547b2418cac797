import { DomainError } from '../errors/domain-error.js';

/** One thing that is wrong: `setting` is a variable (`MAESTRO_PORT`) or a flag (`--port`). */
export interface Fault {
  readonly setting: string;
  readonly problem: string;
}

/** The server can't start with these settings; the message has one line for each fault. */
export class ConfigInvalid extends DomainError {
  readonly code = 'server/config-invalid';
  readonly status = 500;

  constructor(faults: readonly Fault[]) {
    const lines = faults.map(({ setting, problem }) => `  ${setting} ${problem}`);
    super(['The configuration is not valid:', ...lines].join('\n'), {
      hint: 'Correct the settings named above and start again.',
      errors: faults.map(({ setting, problem }) => ({ pointer: setting, detail: problem })),
    });
  }
}

/** The server can't keep its data there. */
export class DataDirUnusable extends DomainError {
  readonly code = 'server/data-dir-unusable';
  readonly status = 500;

  constructor(dir: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`The data directory ${dir} can't be used: ${reason}`, {
      cause,
      hint: 'Name a directory that this user may write to with --data-dir or MAESTRO_DATA_DIR.',
    });
  }
}

/** The data directory holds the work of another database or queue. */
export class StoreChanged extends DomainError {
  readonly code = 'server/store-changed';
  readonly status = 409;

  constructor(dir: string, before: string, now: string) {
    super(
      `The data directory ${dir} was last used with ${before}; these settings would use ${now}`,
      {
        hint: 'Set DATABASE_URL and REDIS_URL as before. To leave the old data behind, set MAESTRO_ALLOW_STORE_CHANGE=true.',
      },
    );
  }
}

/** Another program listens there. */
export class PortTaken extends DomainError {
  readonly code = 'server/port-taken';
  readonly status = 409;

  constructor({ host, port }: { host: string; port: number }, cause: unknown) {
    super(`The port ${host}:${port} is in use by another program`, {
      cause,
      hint: 'Name another one with --port or MAESTRO_PORT; 0 takes a free one.',
    });
  }
}
