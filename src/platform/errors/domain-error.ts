export interface DomainErrorOptions extends ErrorOptions {
  /** What the user can do about it, in one or two sentences. */
  hint?: string;
  /** Where in the request the fault lies: JSON pointers into the body, or `?name` for a query parameter. */
  errors?: { pointer: string; detail: string }[];
}

/**
 * A failure that a caller can act on: a stable `code` (`area/what-happened`), an HTTP status for those who
 * came over HTTP, the facts in the message and the remedy in `hint`. Anything else that is thrown is a bug.
 */
export abstract class DomainError extends Error {
  abstract readonly code: string;
  abstract readonly status: number;
  readonly hint: string | undefined;
  readonly errors: { pointer: string; detail: string }[] | undefined;

  constructor(message: string, options: DomainErrorOptions = {}) {
    super(message, options);
    this.name = new.target.name;
    this.hint = options.hint;
    this.errors = options.errors;
  }
}

/** How a failure is shown in a row, an event or an answer: `{code, message, hint?}`. */
export interface Failure {
  code: string;
  message: string;
  hint?: string;
}

export const toFailure = (error: unknown): Failure => {
  if (error instanceof DomainError) {
    const { code, message, hint } = error;
    return hint === undefined ? { code, message } : { code, message, hint };
  }
  return { code: 'server/bug', message: error instanceof Error ? error.message : String(error) };
};
