#!/usr/bin/env node
import { EXIT } from './exit-codes.js';
import { runCli, startsServer } from './program.js';

const argv = process.argv.slice(2);
const interrupt = new AbortController();

// `maestro events ... | head` ends like this; it is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.error);
});

// The server drains at its own pace. Everything else lets go at once; a second Ctrl-C does not even wait for that.
if (!startsServer(argv)) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupt.signal.aborted) process.exit(EXIT.interrupted);
      interrupt.abort();
    });
  }
}

const exitCode = await runCli(argv, {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupt.signal,
});
if (exitCode !== EXIT.ok) process.exitCode = exitCode;
// A server that could not start may have left something open.
if (exitCode !== EXIT.ok && startsServer(argv)) process.exit(exitCode);
