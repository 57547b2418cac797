import { type AgentLogin, type CliQuestion } from '../adapter.js';

/** What a usage error, or a shell, ends with is no answer. */
const STATES: Partial<Record<number, AgentLogin['state']>> = { 0: 'signed-in', 1: 'signed-out' };

/**
 * `codex login status` tells by its exit code. A provider of the user's own configuration may need no login at all: then
 * nobody is signed in, and turns work.
 */
export const CODEX_LOGIN: CliQuestion<AgentLogin> = {
  args: ['login', 'status'],
  read: ({ exitCode, stderr }) => ({
    // A configuration that it cannot read ends it in the same way.
    state:
      exitCode === 1 && !/^Not logged in/m.test(stderr)
        ? 'unknown'
        : (STATES[exitCode] ?? 'unknown'),
    account: null,
  }),
};
