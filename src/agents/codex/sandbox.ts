import { type TurnRequest } from '../adapter.js';
import { refuseArguments } from '../launch/read-only.js';

/**
 * The arguments of a session, and what a turn of it may do. That must be said every time: a resumed thread does not
 * keep it. A session may choose the sandbox of its writing turns; those that only read have the strictest one.
 * Throws `agent/unsupported` for arguments with which a read-only turn could write all the same.
 */
export const confined = ({ readOnly, args }: Pick<TurnRequest, 'readOnly' | 'args'>): string[] => {
  if (!readOnly) return args.some(choosesSandbox) ? [...args] : [...args, ...WORKSPACE];
  const others = args.filter(
    (arg, index) => !choosesSandbox(arg) && !/^(?:-s|--sandbox)$/.test(args[index - 1] ?? ''),
  );
  refuseArguments(
    others,
    (arg, index) => LIFTS_READ_ONLY.test(arg) || LIFTING_SETTING.test(settingOf(others, index)),
  );
  return [...others, ...READ_ONLY];
};

const WORKSPACE = ['--sandbox', 'workspace-write'];

/** The rules of a user may let a command run outside the sandbox, so a read-only turn goes without them. */
const READ_ONLY = ['--sandbox', 'read-only', '--ignore-rules'];

const choosesSandbox = (arg: string): boolean => CHOOSES_SANDBOX.test(arg);

const CHOOSES_SANDBOX =
  /^(?:-s|--(?:sandbox|dangerously-bypass-approvals-and-sandbox|full-auto|yolo|approve-for-me)(?:=|$))/;

/** What loosens the sandbox, a profile, which may be any settings, and what the CLI writes itself. */
const LIFTS_READ_ONLY =
  /^(?:-[op]|--(?:add-dir|worktree|trust|enable|disable|dangerously-[a-z-]+|profile|output-last-message|)(?:=|$))/;

/** The `key=value` that an argument is or carries; empty when it is none. */
const settingOf = (args: readonly string[], index: number): string => {
  const arg = args[index] ?? '';
  if (/^(?:-c|--config)$/.test(args[index - 1] ?? '')) return arg;
  return /^(?:-c=?|--config=)(.+)$/s.exec(arg)?.[1] ?? '';
};

/** Of the same kind, and what runs a command of its own, be it to notify somebody or to sign in to a provider. */
const LIFTING_SETTING =
  /^["'\s]*(?:(?:sandbox|approval|approvals|default_permissions|permissions|mcp_servers|projects|features|hooks|plugins|apps|notify|profiles?|agents|skills|log_dir|sqlite_home|zsh_path)(?:[_.="'\s]|$)|model_providers\b.*\bauth\b)/s;
