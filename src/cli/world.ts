import { type Readable, type Writable } from 'node:stream';

/** What the command line gets from outside: everything a test replaces. */
export interface World {
  env: Readonly<Record<string, string | undefined>>;
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean };
  stderr: Writable & { isTTY?: boolean };
  /** Aborted by the first Ctrl-C or SIGTERM. */
  signal: AbortSignal;
}
