import { readFileSync } from 'node:fs';
import {
  type AgentAdapter,
  type AgentCapabilities,
  type Launch,
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnRequest,
} from '../adapter.js';
import { streamFlags } from '../claude-code/claude-code-adapter.js';
import { promptOf } from '../claude-code/prompt-input.js';
import { parseLine } from '../claude-code/stream-parser.js';
import { concludeStream } from '../claude-code/verdict.js';
import { freshState } from '../stream/parser-state.js';

/**
 * An agent without a model, for the demo and for tests. It speaks the protocol of Claude Code. Its program is
 * handed to `node` as text: it runs on any host that has Node.js, and nothing is installed there.
 */
export class DemoAdapter implements AgentAdapter {
  readonly agent = 'demo';
  readonly label = 'Demo agent';
  readonly program = 'node';
  readonly versionArgs = ['--version'];
  readonly capabilities: AgentCapabilities = {
    resume: true,
    readOnly: 'enforced',
    model: true,
    effort: [],
    images: true,
  };

  private readonly source = readFileSync(
    new URL('./program/demo-agent.mjs', import.meta.url),
    'utf8',
  ).replace(/^#!.*\n/, '');

  launch(request: TurnRequest): Launch {
    const flags = [...streamFlags(request), ...request.args];
    return {
      argv:
        request.command === null
          ? ['node', '--input-type=module', '-e', this.source, '--', ...flags]
          : [request.command, ...flags],
      env: {},
      // It reads a message from a file too.
      stdin: promptOf(request).stdin,
    };
  }

  initialState(): ParserState {
    return freshState();
  }

  parse(state: ParserState, line: string): ReturnType<AgentAdapter['parse']> {
    return parseLine(state, line);
  }

  conclude(state: ParserState, end: ProcessEnd, request: TurnRequest): Outcome {
    const agent = { label: this.label, program: this.program, signIn: SIGN_IN };
    return concludeStream(agent, state, end, request, new Date());
  }
}

const SIGN_IN = 'The demo agent needs no account: its script told it to fail like this.';
