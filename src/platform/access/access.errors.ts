import { DomainError } from '../errors/index.js';
import { type Role } from './principal.js';

export class Unauthenticated extends DomainError {
  readonly code = 'access/unauthenticated';
  readonly status = 401;

  constructor() {
    super('A valid token is needed', {
      hint: 'Send `Authorization: Bearer TOKEN`. The token was printed at the first start and is kept in the data directory, in admin-token.',
    });
  }
}

export class Forbidden extends DomainError {
  readonly code = 'access/forbidden';
  readonly status = 403;

  constructor(role: Role, needed: Role) {
    super(`The role ${role} does not suffice; this needs ${needed}`);
  }
}

/** A sealed value can't be opened: it was sealed with another key or for another purpose, or was changed. */
export class Unsealable extends DomainError {
  readonly code = 'access/unsealable';
  readonly status = 500;

  constructor(purpose: string, cause?: unknown) {
    super(`A secret of ${purpose} can't be opened with this server's key`, {
      cause,
      hint: 'Start the server with the secret key that it had when the secret was stored (MAESTRO_SECRET_KEY or secret-key in the data directory), or enter the secret again.',
    });
  }
}
