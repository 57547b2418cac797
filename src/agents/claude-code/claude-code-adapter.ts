import {
  type AgentAdapter,
  type AgentCapabilities,
  type Launch,
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnRequest,
} from '../adapter.js';
import { foldObjects } from '../stream/json-objects.js';
import { inputFlags, promptOf, promptState } from './prompt-input.js';
import { CLAUDE_LOGIN } from './login.js';
import { parseLine } from './stream-parser.js';
import { concludeStream } from './verdict.js';
import { refuseArguments } from '../launch/read-only.js';

/** Claude Code in print mode: one process per turn, prompt on stdin, one JSON event per line on stdout. */
export class ClaudeCodeAdapter implements AgentAdapter {
  readonly agent = 'claude-code';
  readonly label = 'Claude Code';
  readonly program = 'claude';
  readonly versionArgs = ['--version'];
  readonly login = { question: CLAUDE_LOGIN };
  readonly ownOptions = {
    always:
      /^(?:--(?:output-format|input-format|resume|continue|session-id|fork-session)(?:=|$)|-[rc]$)/,
    model: /^--model(?:=|$)/,
    effort: /^--effort(?:=|$)/,
  };
  readonly capabilities: AgentCapabilities = {
    resume: true,
    readOnly: 'enforced',
    model: true,
    effort: ['low', 'medium', 'high', 'xhigh', 'max'],
    images: true,
  };

  launch(request: TurnRequest): Launch {
    return {
      argv: [request.command ?? this.program, ...streamFlags(request), ...request.args],
      env: { ...UNATTENDED, ...(request.readOnly ? {} : MAY_WRITE) },
      ...promptOf(request),
    };
  }

  initialState(request: TurnRequest): ParserState {
    return promptState(request);
  }

  parse(state: ParserState, line: string): ReturnType<AgentAdapter['parse']> {
    return foldObjects(state, line, parseLine);
  }

  conclude(state: ParserState, end: ProcessEnd, request: TurnRequest): Outcome {
    const agent = { label: this.label, program: this.program, signIn: SIGN_IN };
    return concludeStream(agent, state, end, request, new Date());
  }
}

/** The flags of the stream-json protocol, without the session's own arguments. */
export const streamFlags = (request: TurnRequest): string[] => {
  if (request.readOnly) refuseArguments(request.args, (arg) => LIFTS_READ_ONLY.test(arg));
  const { model, effort, providerSessionId } = request;
  return [
    ...['-p', '--output-format', 'stream-json', '--verbose', '--include-partial-messages'],
    ...inputFlags(request),
    ...(request.readOnly ? READ_ONLY : UNASKED),
    ...(model === null ? [] : ['--model', model]),
    ...(effort === null ? [] : ['--effort', effort]),
    ...(providerSessionId === null ? [] : ['--resume', providerSessionId]),
  ];
};

/** Nobody is there to grant a permission: with less than this, every command of a turn is refused. */
const UNASKED = ['--permission-mode', 'bypassPermissions'];

/**
 * Plan mode alone is not enough: in it, a shell command runs if the settings of the user or of the project
 * allow it, even one that writes. So a read-only turn has no tool at all that could write.
 */
const READ_ONLY = [
  // It has many values: a flag of ours follows it, and no word of the session.
  ...['--tools', 'Read,Grep,Glob,WebFetch,WebSearch'],
  ...['--permission-mode', 'plan', '--strict-mcp-config'],
];

/** A turn is over when its process ends: nothing may go on in its background, which nobody would follow. */
const UNATTENDED = { CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1' };

/**
 * As root the CLI refuses `bypassPermissions` unless it is told that it runs in a sandbox. Which user a host
 * has is not known here, and for other users the variable changes nothing.
 */
const MAY_WRITE = { IS_SANDBOX: '1' };

const SIGN_IN =
  "Sign in there with `claude auth login`, or set ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN in the session's environment.";

/** Further tools, what brings commands of its own (the hooks of settings, agents and plugins), and what the CLI writes. */
const LIFTS_READ_ONLY =
  /^(?:--(?:(?:allow-)?dangerously-skip-permissions|permission-mode|tools|mcp-config|plugin-(?:dir|url)|settings|agents?|worktree|tmux|debug-file|bg|background|chrome|)(?:=|$)|-[a-z]*w)/;
