import { type TurnRequest } from '../adapter.js';
import { refuseArguments } from '../launch/read-only.js';

/**
 * The arguments of a session, and what a turn of it may do: that is not kept with the conversation. A session may choose
 * the permissions of its writing turns. Throws `agent/unsupported` for arguments with which a read-only turn could write
 * all the same.
 */
export const permitted = ({ readOnly, args }: Pick<TurnRequest, 'readOnly' | 'args'>): string[] => {
  if (readOnly) {
    refuseArguments(args, (arg) => LIFTS_READ_ONLY.test(arg));
    return [...args, ...READ_ONLY];
  }
  return args.some((arg) => CHOOSES_PERMISSIONS.test(arg)) ? [...args] : [...args, ALL];
};

/**
 * Nobody is there to grant a permission: with less than this, every file and every command that names a path outside of
 * the working directory is refused. What a session denies stays denied.
 */
const ALL = '--allow-all';

const CHOOSES_PERMISSIONS = /^--(?:yolo|allow-(?:all(?:-tools)?|tool)|assisted-approval)(?:=|$)/;

/**
 * For the model there are no other tools, those of a user's own servers and agents included, whatever the settings allow;
 * and if there were, a denial is stronger than any permission.
 */
const READ_ONLY = [
  '--available-tools=view,grep,glob,rg,web_fetch',
  '--deny-tool=shell,write',
  '--allow-all-paths',
];

/** Further tools, what runs without being one, and what the CLI writes itself. */
const LIFTS_READ_ONLY =
  /^--(?:(?:available-tools|plugin-dir|extension-sdk-path|additional-mcp-config|trust-folder|add-dir|share(?:-gist)?|log-dir|usage-output-file)(?:=|$)|$)/;
