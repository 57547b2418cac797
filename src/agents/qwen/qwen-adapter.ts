import {
  type AgentAdapter,
  type AgentCapabilities,
  type Launch,
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnRequest,
} from '../adapter.js';
import { requireUuid } from '../launch/conversation-id.js';
import { foldObjects } from '../stream/json-objects.js';
import { freshState } from '../stream/parser-state.js';
import { approved } from './approval.js';
import { QWEN_LOGIN } from './login.js';
import { promptOf } from './prompt-text.js';
import { parseLine } from './stream-parser.js';
import { concludeStream } from './verdict.js';

/** Qwen Code without a terminal: one process per turn, prompt on stdin, one JSON event per line on stdout. */
export class QwenAdapter implements AgentAdapter {
  readonly agent = 'qwen';
  readonly label = 'Qwen Code';
  readonly program = 'qwen';
  readonly versionArgs = ['--version'];
  readonly login = { question: QWEN_LOGIN };
  readonly ownOptions = {
    always: /^(?:--(?:output-format|input-format|resume|continue|session-id)(?:=|$)|-[orc]$)/,
    model: /^(?:--model(?:=|$)|-m$)/,
  };
  readonly capabilities: AgentCapabilities = {
    resume: true,
    readOnly: 'enforced',
    model: true,
    effort: [],
    // Of most providers' models it believes that they cannot see, and tells them so in place of the image.
    images: false,
  };

  launch(request: TurnRequest): Launch {
    const { command, model, prompt, providerSessionId } = request;
    return {
      argv: [
        command ?? this.program,
        // An argument of many values takes all that follows, up to the next flag.
        ...approved(request),
        ...['--output-format', 'stream-json', '--include-partial-messages'],
        ...(model === null ? [] : ['--model', model]),
        ...(providerSessionId === null
          ? []
          : ['--resume', requireUuid(this.label, providerSessionId)]),
      ],
      env: UNATTENDED,
      stdin: promptOf(prompt),
    };
  }

  initialState(): ParserState {
    return freshState();
  }

  parse(state: ParserState, line: string): ReturnType<AgentAdapter['parse']> {
    return foldObjects(state, line, parseLine);
  }

  conclude(state: ParserState, end: ProcessEnd, request: TurnRequest): Outcome {
    return concludeStream(state, end, request, new Date());
  }
}

/** Otherwise it starts itself again as a child, which a signal to the first process would not reach. */
const UNATTENDED = { QWEN_CODE_NO_RELAUNCH: 'true' };
