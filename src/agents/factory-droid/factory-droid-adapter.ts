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
import { approved } from './autonomy.js';
import { parseLine } from './stream-parser.js';
import { concludeExec } from './verdict.js';

/** Droid as `droid exec`: one process per turn, prompt on stdin, one JSON event per line on stdout. */
export class FactoryDroidAdapter implements AgentAdapter {
  readonly agent = 'factory-droid';
  readonly label = 'Droid';
  readonly program = 'droid';
  readonly versionArgs = ['--version'];
  readonly resumesCopies = true;
  readonly login = { variables: ['FACTORY_API_KEY'] };
  readonly ownOptions = {
    always: /^(?:--(?:output-format|input-format|session-id|fork)(?:=|$)|-[os]$)/,
    model: /^(?:--model(?:=|$)|-m$)/,
    effort: /^(?:--reasoning-effort(?:=|$)|-r$)/,
  };
  readonly capabilities: AgentCapabilities = {
    resume: true,
    readOnly: 'enforced',
    model: true,
    // Whichever of them a model does not have, it turns into one that it has. A model of its user's own is told of none
    // but where the settings give it a `reasoningEffort`.
    effort: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
    images: false,
  };

  launch(request: TurnRequest): Launch {
    const { command, model, effort, providerSessionId } = request;
    return {
      argv: [
        ...([command ?? this.program, 'exec'] as const),
        ...[...approved(request), '--output-format', 'stream-json'],
        ...(model === null ? [] : ['--model', model]),
        ...(effort === null ? [] : ['--reasoning-effort', effort]),
        // To go on with the conversation itself it would ask Factory's servers, even where no model is one of theirs.
        ...(providerSessionId === null
          ? []
          : ['--fork', requireUuid(this.label, providerSessionId)]),
      ],
      env: { FACTORY_DROID_AUTO_UPDATE_ENABLED: 'false' },
      stdin: request.prompt,
    };
  }

  initialState(): ParserState {
    return freshState();
  }

  parse(state: ParserState, line: string): ReturnType<AgentAdapter['parse']> {
    return foldObjects(state, line, parseLine);
  }

  conclude(state: ParserState, end: ProcessEnd, request: TurnRequest): Outcome {
    return concludeExec(state, end, request, new Date());
  }
}
