import { type ExitCode } from './exit-codes.js';

/** A failure that the command line itself found: what happened, the exit code, and what to do. */
export class CliFailure extends Error {
  readonly hint: string | undefined;

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options: { hint?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'CliFailure';
    this.hint = options.hint;
  }
}
