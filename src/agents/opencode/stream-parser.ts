import { type Fact, type ParserState } from '../adapter.js';
import { eventOf } from '../stream/json-lines.js';
import { unknownEvent } from '../stream/parser-state.js';
import { type Memory, readMemory, type ToldFailure } from './memory.js';
import { addStep, stepTokens } from './step-usage.js';
import { type RunFailure, type StreamEvent, streamEvent } from './stream-events.js';
import { refusalOf, toolFacts } from './tool-facts.js';

type Step = { state: ParserState; facts: Fact[] };

export const parseLine = (state: ParserState, line: string): Step => {
  const event = eventOf(streamEvent, line);
  if (event === null) return { state, facts: unknownEvent(line) };
  const known = { ...state, providerSessionId: event.sessionID ?? state.providerSessionId };
  return fold(known, readMemory(state), event);
};

const fold = (state: ParserState, memory: Memory, event: StreamEvent): Step => {
  const remember = (more: Partial<Memory>, facts: Fact[] = []): Step => ({
    state: { ...state, memory: { ...memory, ...more } },
    facts,
  });
  switch (event.type) {
    case 'step_start':
      // What follows is a message from its beginning, also when an answer broke off and is asked for again.
      return remember({ reason: null, refused: null, message: null });
    case 'text':
      return event.part.synthetic ? remember({}) : foldText(state, memory, event.part);
    case 'reasoning':
      return remember(
        {},
        event.part.text === '' ? [] : [{ type: 'reasoning', text: event.part.text }],
      );
    case 'tool_use':
      return remember({ refused: refusalOf(event.part) ?? memory.refused }, toolFacts(event.part));
    case 'step_finish': {
      const { reason, tokens } = event.part;
      const step = remember({ reason: reason ?? 'unknown', wentOn: memory.failure !== null });
      if (!tokens) return step;
      return {
        state: { ...step.state, usage: addStep(state.usage, event.part) },
        facts: [{ type: 'model-call', model: null, tokens: stepTokens(tokens) }],
      };
    }
    case 'error':
      return remember({ failure: toldFailure(event.error), wentOn: false });
  }
};

/** Pieces come whole. Those of one message are the answer together, as far as it is the last. */
const foldText = (
  state: ParserState,
  memory: Memory,
  { messageID, text }: Extract<StreamEvent, { type: 'text' }>['part'],
): Step => {
  if (text === '') return { state, facts: [] };
  const id = messageID ?? '';
  const before = memory.message?.id === id ? `${memory.message.text}\n\n` : '';
  const message = { id, text: `${before}${text}` };
  return {
    state: { ...state, text: message.text, memory: { ...memory, message, spoke: true } },
    facts: [{ type: 'text', text: memory.spoke ? `\n\n${text}` : text }],
  };
};

const BODY_LENGTH = 4_000;
/** Of the headers of an answer, those that tell how long to wait. */
const ABOUT_TIME = /^(?:retry-after|(?:x|anthropic)-ratelimit)/i;

const toldFailure = ({ name, data }: RunFailure): ToldFailure => ({
  name,
  message: data?.message ?? name,
  status: data?.statusCode ?? null,
  body: (data?.responseBody ?? '').slice(0, BODY_LENGTH),
  headers: Object.fromEntries(
    Object.entries(data?.responseHeaders ?? {}).filter(([header]) => ABOUT_TIME.test(header)),
  ),
});
