import { DomainError } from '../errors/index.js';

/** A value in the request is out of bounds, missing or unknown; `errors` points at each one. */
export class InvalidRequest extends DomainError {
  readonly code = 'http/invalid';
  readonly status = 422;

  constructor(errors: { pointer: string; detail: string }[]) {
    const [first] = errors;
    super(
      first === undefined
        ? 'The request is not valid'
        : `The request is not valid: ${first.pointer || 'the body'}: ${first.detail}`,
      { errors },
    );
  }
}

/** The path names nothing. A malformed id is answered so too: nothing can have it. */
export class NothingHere extends DomainError {
  readonly code = 'http/not-found';
  readonly status = 404;

  constructor(path: string) {
    super(`There is nothing at ${path}`);
  }
}

/** The key was used before, for another request. */
export class IdempotencyConflict extends DomainError {
  readonly code = 'http/idempotency-conflict';
  readonly status = 409;

  constructor() {
    super('This Idempotency-Key was used before with another body', {
      hint: 'Use a new key for a new request; repeat a request with exactly the same body.',
    });
  }
}

/** The first request with this key has not been answered yet. */
export class StillInProgress extends DomainError {
  readonly code = 'http/in-progress';
  readonly status = 409;

  constructor() {
    super('The first request with this Idempotency-Key is still being worked on', {
      hint: 'Repeat the request with the same key in some seconds.',
    });
  }
}
