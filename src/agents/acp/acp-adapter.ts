import {
  type AgentAdapter,
  type AgentCapabilities,
  type Launch,
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnRequest,
} from '../adapter.js';
import { AgentUnsupported } from '../failures/agent-errors.js';
import { foldObjects } from '../stream/json-objects.js';
import { freshState } from '../stream/parser-state.js';
import { parseLine } from './acp-client.js';
import { lineOf } from './messages.js';
import { ASK, INITIALIZE } from './protocol.js';
import { concludeTurn } from './verdict.js';

/**
 * Any agent that speaks the Agent Client Protocol on its standard input and output: one process per turn, which is met,
 * given the conversation and the prompt, and told the end of its input when it has answered. What one of them cannot do
 * it says itself, and the turn then fails for that reason before it has been asked anything.
 */
export class AcpAdapter implements AgentAdapter {
  readonly agent = 'acp';
  readonly label = 'ACP agent';
  readonly program = 'acp';
  readonly needsCommand = true;
  readonly versionArgs = ['--version'];
  readonly capabilities: AgentCapabilities = {
    resume: true,
    // It is told to plan where it can, and is refused what it asks leave for; but it may not ask.
    readOnly: 'advisory',
    model: true,
    effort: ['minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
    images: true,
  };

  launch({ command, args }: TurnRequest): Launch {
    if (command === null) {
      throw new AgentUnsupported('An ACP agent can be any program, and the session names none', {
        hint: 'Give the session its command and arguments, for example "gemini" and ["--acp"].',
      });
    }
    return { argv: [command, ...args], env: {}, stdin: GREETING, interactive: true };
  }

  initialState(): ParserState {
    return {
      ...freshState({ requests: 1, awaiting: { id: 0, asked: ASK.initialize } }),
      outbox: { sent: Buffer.byteLength(GREETING), unsent: '', closed: false },
    };
  }

  parse(state: ParserState, line: string, turn: TurnRequest): ReturnType<AgentAdapter['parse']> {
    return foldObjects(state, line, (before, object) => parseLine(before, object, turn));
  }

  conclude(state: ParserState, end: ProcessEnd, turn: TurnRequest): Outcome {
    return concludeTurn(state, end, turn, new Date());
  }
}

const GREETING = lineOf({ id: 0, method: ASK.initialize, params: INITIALIZE });
