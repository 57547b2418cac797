import {
  type AgentAdapter,
  type AgentCapabilities,
  type Launch,
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnRequest,
} from '../adapter.js';
import { unresumable } from '../launch/conversation-id.js';
import { imageFiles, imagePaths } from '../launch/image-files.js';
import { foldObjects } from '../stream/json-objects.js';
import { freshState } from '../stream/parser-state.js';
import { OPENCODE_LOGIN } from './login.js';
import { OPENCODE_EFFORT, OPENCODE_MODELS } from './models.js';
import { permitted } from './permissions.js';
import { parseLine } from './stream-parser.js';
import { concludeRun } from './verdict.js';

/** OpenCode as `opencode run`: one process per turn, prompt on stdin, one JSON event per line on stdout. */
export class OpenCodeAdapter implements AgentAdapter {
  readonly agent = 'opencode';
  readonly label = 'OpenCode';
  readonly program = 'opencode';
  readonly versionArgs = ['--version'];
  readonly login = { question: OPENCODE_LOGIN };
  readonly models = OPENCODE_MODELS;
  readonly ownOptions = {
    always: /^(?:--(?:format|session|continue|fork)(?:=|$)|-[sc]$)/,
    model: /^(?:--model(?:=|$)|-m$)/,
    effort: /^--variant(?:=|$)/,
  };
  readonly capabilities: AgentCapabilities = {
    resume: true,
    readOnly: 'enforced',
    model: true,
    // One that the model does not have is let pass.
    effort: OPENCODE_EFFORT,
    images: true,
  };

  launch(request: TurnRequest): Launch {
    const { command, model, effort, providerSessionId } = request;
    const { args, env, fixedEnv, files } = permitted(request);
    return {
      argv: [
        ...([command ?? this.program, 'run'] as const),
        // An argument of many values takes all that follows, up to the next flag.
        ...[...args, '--format', 'json', '--thinking'],
        ...(model === null ? [] : ['--model', model]),
        ...(effort === null ? [] : ['--variant', effort]),
        ...imagePaths(request).map((path) => `--file=${path}`),
        ...(providerSessionId === null
          ? // Otherwise it asks a model for a title.
            [`--title=${TITLE}`]
          : [`--session=${conversationId(this.label, providerSessionId)}`]),
      ],
      env,
      fixedEnv,
      stdin: request.prompt,
      files: [...files, ...imageFiles(request)],
    };
  }

  initialState(): ParserState {
    return freshState();
  }

  parse(state: ParserState, line: string): ReturnType<AgentAdapter['parse']> {
    return foldObjects(state, line, parseLine);
  }

  conclude(state: ParserState, end: ProcessEnd, request: TurnRequest): Outcome {
    return concludeRun(state, end, request, new Date());
  }
}

const TITLE = 'Maestro';

const conversationId = (label: string, id: string): string => {
  if (/^ses_\w+$/.test(id)) return id;
  throw unresumable(label);
};
