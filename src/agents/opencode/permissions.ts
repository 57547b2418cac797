import { basename, join } from 'node:path/posix';
import { type Launch, type TurnFile, type TurnRequest } from '../adapter.js';
import { refuseArguments } from '../launch/read-only.js';

type Permitted = Required<Pick<Launch, 'env' | 'fixedEnv'>> & { args: string[]; files: TurnFile[] };

/**
 * The arguments of a session, and what a turn of it may do. A writing turn is let do all that its user has not denied,
 * as nobody is there to be asked. Throws `agent/unsupported` for arguments with which a read-only turn could write all
 * the same, or would be somebody else's.
 */
export const permitted = (request: TurnRequest): Permitted =>
  request.readOnly ? reading(request) : writing(request.args);

const writing = (args: readonly string[]): Permitted => ({
  args: args.some((arg) => APPROVES.test(arg)) ? [...args] : [...args, '--auto'],
  env: {},
  fixedEnv: {},
  files: [],
});

const APPROVES = /^--(?:auto|yolo|dangerously-?skip-?permissions)(?:=|$)/i;

/**
 * A read-only turn is that of an agent of its own, which has only tools that read. What other agents may do can be
 * settled by the user or by the project, even where `OPENCODE_PERMISSION` forbids it; of this one nobody can know the
 * name. Should it not be found, OpenCode falls back to another: then that variable is what holds, and the verdict tells.
 *
 * The settings of the project do not count at all: its plugins could rewrite that agent, and its tools take the place of
 * those that read. What it says to agents is read all the same.
 */
const reading = (request: TurnRequest): Permitted => {
  refuseArguments(request.args, (arg) => LIFTS_READ_ONLY.test(arg));
  const name = readerOf(request);
  const config = {
    agent: { [name]: { mode: 'primary', permission: READS } },
    instructions: [join(request.cwd, 'AGENTS.md')],
  };
  return {
    args: [...request.args, `--agent=${name}`],
    env: {},
    fixedEnv: {
      OPENCODE_CONFIG_DIR: request.directory,
      OPENCODE_DISABLE_PROJECT_CONFIG: '1',
      OPENCODE_PERMISSION: JSON.stringify(READS),
    },
    files: [{ name: 'opencode.json', content: JSON.stringify(config) }, ...NOTHING_TO_INSTALL],
  };
};

/** The agent of a read-only turn, with the unguessable name of its directory. */
export const readerOf = ({ directory }: Pick<TurnRequest, 'directory'>): string =>
  `reader-${basename(directory)}`;

/** The last rule that fits is the one that counts; tools of which nothing is known are those of other programs. */
const READS = {
  '*': 'deny',
  // As it is by default, except that nobody is asked.
  read: { '*': 'allow', '*.env': 'deny', '*.env.*': 'deny', '*.env.example': 'allow' },
  ...{ glob: 'allow', grep: 'allow', list: 'allow', lsp: 'allow', skill: 'allow' },
  ...{ webfetch: 'allow', websearch: 'allow', codesearch: 'allow' },
  ...{ todoread: 'allow', todowrite: 'allow' },
};

/** Into a directory of settings it installs its package for plugins, unless that looks as if it were there. */
const NOTHING_TO_INSTALL: readonly TurnFile[] = [
  { name: 'node_modules', content: '' },
  {
    name: 'package-lock.json',
    content: JSON.stringify({ packages: { '': { dependencies: { '@opencode-ai/plugin': '*' } } } }),
  },
];

/** Another agent, a server with settings of its own, a command with an agent of its own; or the end of all flags. */
const LIFTS_READ_ONLY = /^--(?:(?:agent|attach|command|dir|interactive|mini)(?:[.=]|$)|$)|^-i/;
