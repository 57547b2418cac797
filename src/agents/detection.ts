import { type Host } from '../hosts/host.js';
import { type AgentAdapter, type AgentName } from './adapter.js';

export interface Detection {
  agent: AgentName;
  found: boolean;
  /** Where its program is on that host. */
  path: string | null;
  /** First line of what it says about its version; null when it was found but would not say. */
  version: string | null;
}

const LIMIT_MS = 10_000;

/**
 * Looks for an agent's program in the login PATH of a host, or at `command` when the session names one.
 * "Not there" is an answer; a host that cannot be asked throws its `ssh/*` or `host/*` error.
 */
export const detectAgent = async (
  host: Pick<Host, 'run'>,
  adapter: Pick<AgentAdapter, 'agent' | 'program' | 'versionArgs'>,
  command: string | null = null,
): Promise<Detection> => {
  const { agent } = adapter;
  const program = command ?? adapter.program;
  const search = await host.run(
    { argv: ['sh', '-c', FIND_PROGRAM, 'sh', program] },
    { timeoutMs: LIMIT_MS },
  );
  const path = firstLine(search.stdout);
  if (search.exitCode !== 0 || path === null) {
    return { agent, found: false, path: null, version: null };
  }
  const answer = await host.run({ argv: [path, ...adapter.versionArgs] }, { timeoutMs: LIMIT_MS });
  const version = answer.exitCode === 0 ? firstLine(answer.stdout) : null;
  return { agent, found: true, path, version };
};

// A session may name its program by a path under its home directory, which `command -v` does not expand.
const FIND_PROGRAM = 'case $1 in "~/"*) set -- "$HOME/${1#??}" ;; esac; command -v -- "$1"';

const firstLine = (output: Buffer): string | null =>
  output.toString('utf8').split('\n', 1)[0]?.trim() || null;
