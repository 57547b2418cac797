import { type TurnRequest } from '../adapter.js';
import { refuseArguments } from '../launch/read-only.js';

/**
 * The arguments of a session, and what a turn of it may do. A session may choose the autonomy of its writing turns. One
 * that only reads has no tools but those that read: without a level of autonomy Droid calls itself read-only, and runs
 * commands that write all the same. Throws `agent/unsupported` for arguments with which a read-only turn could write.
 */
export const approved = ({ readOnly, args }: Pick<TurnRequest, 'readOnly' | 'args'>): string[] => {
  if (!readOnly) return args.some((arg) => CHOOSES.test(arg)) ? [...args] : [...args, ...WRITES];
  refuseArguments(args, (arg) => LIFTS_READ_ONLY.test(arg));
  // First, because an argument of the session that lacks its value would take the next one for it.
  return ['--only-tools', READS.join(','), ...args];
};

const WRITES = ['--auto', 'high'];
const CHOOSES = /^--(?:auto|skip-permissions-unsafe)(?:=|$)/;

/** Named one by one: so there is none of a server of tools, of a skill, or of another agent. */
const READS = ['Read', 'LS', 'Grep', 'Glob', 'WebSearch', 'FetchUrl'];

/** More autonomy, more tools or servers of them, settings with tools of their own, agents that others start, a working tree of its own; the end of all flags. */
const LIFTS_READ_ONLY =
  /^(?:--(?:auto|skip-permissions-unsafe|(?:only|add|enabled|additional|restrict)-tools|tool-execution-mode|allow-subagents-in-scripts|mcp(?:-[a-z-]+)?|settings|mission|worktree|worktree-dir|use-spec|cwd|input-format)(?:=|$)|--$|-w)/;
