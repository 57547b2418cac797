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
import { imageFiles, imagePaths } from '../launch/image-files.js';
import { freshState } from '../stream/parser-state.js';
import { CODEX_LOGIN } from './login.js';
import { CODEX_MODELS } from './models.js';
import { confined } from './sandbox.js';
import { parseLine } from './stream-parser.js';
import { concludeThread } from './verdict.js';

/** Codex as `codex exec`: one process per turn, prompt on stdin, one JSON event per line on stdout. */
export class CodexAdapter implements AgentAdapter {
  readonly agent = 'codex';
  readonly label = 'Codex';
  readonly program = 'codex';
  readonly versionArgs = ['--version'];
  readonly login = { question: CODEX_LOGIN };
  readonly models = CODEX_MODELS;
  readonly ownOptions = {
    always: /^--(?:json|skip-git-repo-check)(?:=|$)/,
    model: /^(?:--model(?:=|$)|-m)/,
  };
  readonly capabilities: AgentCapabilities = {
    resume: true,
    readOnly: 'enforced',
    model: true,
    // Of the models that it knows itself; what one of them does not have, it turns into the nearest that it has.
    effort: ['low', 'medium', 'high', 'xhigh', 'max', 'ultra'],
    images: true,
  };
  readonly tellsTotals = true;

  launch(request: TurnRequest): Launch {
    const { command, model, effort, providerSessionId } = request;
    const images = imagePaths(request).flatMap((path) => ['--image', path]);
    return {
      argv: [
        ...([command ?? this.program, 'exec', ...UNATTENDED] as const),
        // An argument of many values takes all that follows, up to the next flag.
        ...[...confined(request), '--json', '--skip-git-repo-check'],
        ...(model === null ? [] : ['--model', model]),
        ...(effort === null ? [] : ['-c', `model_reasoning_effort="${effort}"`]),
        // `resume` takes few flags of its own, but minds all that precede it, except the images.
        ...(providerSessionId === null
          ? [...images, '--', '-']
          : ['resume', ...images, '--', requireUuid(this.label, providerSessionId), '-']),
      ],
      env: {},
      stdin: request.prompt,
      files: imageFiles(request),
    };
  }

  initialState({ spentBefore }: TurnRequest): ParserState {
    return freshState({ spentBefore });
  }

  parse(state: ParserState, line: string): ReturnType<AgentAdapter['parse']> {
    return foldObjects(state, line, parseLine);
  }

  conclude(state: ParserState, end: ProcessEnd, request: TurnRequest): Outcome {
    return concludeThread(state, end, request, new Date());
  }
}

/** Otherwise a host without a network makes it try for ever, and no turn would end. */
const UNATTENDED = ['-c', 'features.unbounded_connection_retries=false'];
