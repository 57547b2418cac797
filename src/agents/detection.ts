import { type CommandResult, type Host } from '../hosts/host.js';
import { DomainError, type Failure } from '../platform/errors/domain-error.js';
import { type AgentAdapter, type AgentName } from './adapter.js';
import { notFound, startFailure } from './process-failure.js';

export interface Detection {
  agent: AgentName;
  found: boolean;
  /** Where its program is on that host. */
  path: string | null;
  /** First line of what it says about its version; null when it was found but would not say. */
  version: string | null;
  /** Why it cannot be started there; null when it can. */
  error: Failure | null;
}

const LIMIT_MS = 10_000;

/**
 * Looks for an agent's program in the login PATH of a host, or at `command` when the session names one.
 * "Not there" is an answer; a host that cannot be asked throws its `ssh/*` or `host/*` error.
 */
export const detectAgent = async (
  host: Pick<Host, 'run' | 'name'>,
  adapter: Pick<AgentAdapter, 'agent' | 'label' | 'program' | 'versionArgs'>,
  command: string | null = null,
  signal?: AbortSignal,
): Promise<Detection> => {
  const { agent } = adapter;
  const program = command ?? adapter.program;
  const options = { timeoutMs: LIMIT_MS, ...(signal && { signal }) };
  const search = await host.run({ argv: ['sh', '-c', FIND_PROGRAM, 'sh', program] }, options);
  const path = firstLine(search.stdout);
  const hostName = host.name;
  if (search.exitCode !== 0 || path === null) {
    const error = toFailure(notFound(adapter, hostName, command));
    return { agent, found: false, path: null, version: null, error };
  }
  const answer = await host.run({ argv: [path, ...adapter.versionArgs] }, options).catch(noAnswer);
  if (answer === null) return { agent, found: true, path, version: null, error: null };
  const { exitCode, stderr } = answer;
  const stderrTail = stderr.toString('utf8').slice(-STDERR_CHARACTERS);
  const failure = startFailure(adapter, { exitCode, signal: null, stderrTail, hostName });
  const version = exitCode === 0 ? firstLine(answer.stdout) : null;
  return { agent, found: true, path, version, error: failure && toFailure(failure) };
};

/** A program that does not end, or never stops to speak, is there all the same. */
const noAnswer = (error: unknown): CommandResult | null => {
  if (error instanceof DomainError && error.code.startsWith('host/')) return null;
  throw error;
};

const STDERR_CHARACTERS = 4_096;

// A session may name its program by a path under its home directory, which `command -v` does not expand; and what that
// answers may be no file: a word of the shell, or one that cannot be executed.
const FIND_PROGRAM = `
case $1 in "~/"*) set -- "$HOME/\${1#??}";; esac
case $1 in */*) p=$1;; *) p=$(command -v -- "$1");; esac
case $p in /*) [ -x "$p" ] && [ ! -d "$p" ] && printf "%s\\n" "$p";; *) false;; esac`;

const toFailure = ({ code, message, hint }: Failure): Failure => ({
  code,
  message,
  ...(hint === undefined ? {} : { hint }),
});

const firstLine = (output: Buffer): string | null =>
  output.toString('utf8').split('\n', 1)[0]?.trim() || null;
