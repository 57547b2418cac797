import {
  type AgentAdapter,
  type AgentCapabilities,
  type Launch,
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnRequest,
} from '../adapter.js';
import { imageFiles, imagePaths } from '../launch/image-files.js';
import { foldObjects } from '../stream/json-objects.js';
import { freshState } from '../stream/parser-state.js';
import { conversationFlag } from './conversation.js';
import { permitted } from './permissions.js';
import { parseLine } from './stream-parser.js';
import { concludeStream } from './verdict.js';

/** GitHub Copilot CLI without a terminal: one process per turn, prompt on stdin, one JSON event per line on stdout. */
export class CopilotCliAdapter implements AgentAdapter {
  readonly agent = 'copilot-cli';
  readonly label = 'Copilot CLI';
  readonly program = 'copilot';
  readonly versionArgs = ['--version'];
  readonly login = { variables: ['COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN'] };
  readonly tellsTotals = true;
  readonly ownOptions = {
    always: /^(?:--(?:output-format|resume|continue|session-id)(?:=|$)|-r$)/,
    model: /^--model(?:=|$)/,
    effort: /^--(?:reasoning-)?effort(?:=|$)/,
  };
  readonly capabilities: AgentCapabilities = {
    resume: true,
    readOnly: 'enforced',
    model: true,
    effort: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
    images: true,
  };

  launch(request: TurnRequest): Launch {
    const { command, model, effort, directory, args } = request;
    const report = args.some((arg) => HAS_OWN_FILE.test(arg)) ? undefined : USAGE_FILE;
    return {
      argv: [
        command ?? this.program,
        // An argument of many values takes all that follows, up to the next flag.
        ...permitted(request),
        ...['--output-format', 'json', '--no-ask-user'],
        ...(report === undefined ? [] : ['--usage-output-file', `${directory}/${report}`]),
        ...(model === null ? [] : ['--model', model]),
        ...(effort === null ? [] : ['--reasoning-effort', effort]),
        ...imagePaths(request).flatMap((path) => ['--attachment', path]),
        conversationFlag(this.label, request),
      ],
      ...(report !== undefined && { report }),
      env: {},
      stdin: request.prompt,
      files: imageFiles(request),
    };
  }

  initialState({ spentBefore }: TurnRequest): ParserState {
    return freshState({ spentBefore });
  }

  parse(state: ParserState, line: string, request: TurnRequest): ReturnType<AgentAdapter['parse']> {
    return foldObjects(state, line, (now, object) => parseLine(now, object, request));
  }

  conclude(state: ParserState, end: ProcessEnd, request: TurnRequest): Outcome {
    return concludeStream(state, end, request, new Date());
  }
}

/** What it has used is told in no line of its output, only in a file. */
const USAGE_FILE = 'usage.json';
/** There is one at most. */
const HAS_OWN_FILE = /^--usage-output-file(?:=|$)/;
