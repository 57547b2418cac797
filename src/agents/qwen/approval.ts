import { type TurnRequest } from '../adapter.js';
import { refuseArguments } from '../launch/read-only.js';

/**
 * The arguments of a session, and what a turn of it may do. A session may choose the mode of its writing turns. Throws
 * `agent/unsupported` for arguments with which a read-only turn could write all the same.
 */
export const approved = ({ readOnly, args }: Pick<TurnRequest, 'readOnly' | 'args'>): string[] => {
  if (readOnly) {
    refuseArguments(args, (arg) => LIFTS_READ_ONLY.test(arg) || COMMAND.test(arg));
    return [...args, ...READ_ONLY];
  }
  if (args.some((arg) => CHOOSES_MODE.test(arg))) return [...args];
  return [...args, '--approval-mode', 'yolo'];
};

const CHOOSES_MODE = /^(?:-y|--yolo|--approval-?mode)(?:=|$)/i;

/** All tools but those that read, and those that would find or start others. */
const WITHHELD = [
  ...['run_shell_command', 'edit', 'write_file', 'save_memory', 'todo_write', 'monitor', 'lsp'],
  ...['cron_create', 'cron_list', 'cron_delete', 'agent', 'send_message', 'task_stop', 'skill'],
  ...['tool_search', 'ask_user_question', 'exit_plan_mode'],
];

/**
 * What is excluded is denied, and a denial is stronger than what the settings of the user or of the project allow; in the
 * mode in which it is to plan, they let it write. Servers and extensions of that name there are none.
 */
const READ_ONLY = [
  ...['--approval-mode', 'default'],
  ...['--core-tools', 'read_file', 'list_directory', 'glob', 'grep_search', 'web_fetch'],
  ...['--exclude-tools', ...WITHHELD],
  ...['--allowed-mcp-server-names', 'none', '--extensions', 'none'],
];

const LIFTS_READ_ONLY =
  /^(?:-[a-z]*[yes]|--(?:yolo|approval-?mode|core-?tools|allowed-?tools|allowed-?mcp-?server-?names|mcp-?config|extensions|checkpointing|openai-?logging(?:-?dir)?|telemetry-?outfile|json-?file|json-?fd|input-?file|input-?format|sandbox|acp|no-.*|)(?:=|$))/i;

/** Wherever it stands, it is not the model that is started, but what writes settings, with flags for its arguments. */
const COMMAND = /^(?:mcp|extensions|auth|hooks?|channel|review)$/;
