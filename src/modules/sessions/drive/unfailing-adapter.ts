import { Logger } from '@nestjs/common';
import {
  type AgentAdapter,
  AgentUnsupported,
  type Outcome,
  type ParserState,
  type TurnFailure,
} from '../../../agents/index.js';
import { DomainError } from '../../../platform/errors/index.js';
import { ANSWER_LENGTH, keptAnswer } from './kept-answer.js';

/** What a turn needs of its adapter. */
export type TurnAdapter = Pick<
  AgentAdapter,
  'launch' | 'initialState' | 'parse' | 'conclude' | 'resumesCopies'
>;

const RAW_LENGTH = 2_000;

/**
 * An adapter whose faults do not hold up a turn: whoever takes that over would meet the same line and the same fault. What
 * it cannot launch is refused, a line that it cannot read is shown as it came, and an end that it cannot judge is a
 * failure. Nor does the length of an answer.
 */
export const unfailing = (adapter: AgentAdapter): TurnAdapter => {
  const log = new Logger('AgentAdapter');
  const told = new Set<string>();
  const tell = (step: string, error: unknown): void => {
    if (told.has(step)) return;
    told.add(step);
    log.error({ message: 'adapter threw', agent: adapter.agent, step, fault: placeOf(error) });
  };
  return {
    ...(adapter.resumesCopies !== undefined && { resumesCopies: adapter.resumesCopies }),
    launch: (turn) => {
      try {
        return adapter.launch(turn);
      } catch (error) {
        if (error instanceof DomainError) throw error;
        tell('launch', error);
        throw new AgentUnsupported(
          `${adapter.label} cannot be started with what the session and the turn ask of it, for a reason that this server does not know`,
        );
      }
    },
    initialState: (turn) => {
      try {
        return adapter.initialState(turn);
      } catch (error) {
        tell('initialState', error);
        return NOTHING_KNOWN;
      }
    },
    parse: (state, line, turn) => {
      try {
        const step = adapter.parse(state, line, turn);
        return { ...step, state: bounded(step.state) };
      } catch (error) {
        tell('parse', error);
        const raw = line.slice(0, RAW_LENGTH);
        return { state, facts: [{ type: 'unknown', name: 'unreadable', raw }] };
      }
    },
    conclude: (state, end, turn) => {
      try {
        return bounded(adapter.conclude(state, end, turn));
      } catch (error) {
        tell('conclude', error);
        return { kind: 'failed', failure: unjudged(adapter.label) };
      }
    },
  };
};

const bounded = <Said extends ParserState | Outcome>(said: Said): Said =>
  'text' in said && said.text !== null && said.text.length > ANSWER_LENGTH
    ? { ...said, text: keptAnswer(said.text) }
    : said;

const NOTHING_KNOWN: ParserState = {
  providerSessionId: null,
  text: null,
  model: null,
  usage: null,
  memory: {},
};

/** Without its message, which may quote what the agent said. */
const placeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return typeof error;
  const frames = error.stack?.split('\n').filter((line) => /^ {4}at /.test(line)) ?? [];
  return [error.name, ...frames.slice(0, 5)].join('\n');
};

const unjudged = (label: string): TurnFailure => ({
  code: 'agent/protocol',
  message: `${label} has ended, but this server does not understand how: its output does not fit what is known of it`,
  hint: 'What it did is in its working directory and in the events of the turn. Report this with the log of the server.',
  recoverable: true,
});
