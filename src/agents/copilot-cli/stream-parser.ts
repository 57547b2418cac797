import { type Fact, type ParserState, type TurnRequest } from '../adapter.js';
import { finishBlock, streamText } from '../claude-code/streamed-text.js';
import { eventOf } from '../stream/json-lines.js';
import { unknownEvent } from '../stream/parser-state.js';
import { conversationOf } from './conversation.js';
import { isMeaningless } from './known-events.js';
import { type Memory, readMemory } from './memory.js';
import { type EventOf, type StreamEvent, streamEvent } from './stream-events.js';
import { closeTool, openTool } from './tool-facts.js';
import { turnUsage, usageTold } from './turn-usage.js';

type Told = { memory: Memory; facts: Fact[] };
type Step = Told & { state: ParserState };

export const parseLine = (
  state: ParserState,
  line: string,
  request: TurnRequest,
): { state: ParserState; facts: Fact[] } => {
  const event = eventOf(streamEvent, line);
  if (event === null) return foldOther(state, line);
  const memory = readMemory(state);
  const step =
    event.type === 'result'
      ? foldResult(state, memory, event)
      : (event.agentId ?? event.data.parentToolCallId ?? null) === null
        ? fold(state, memory, event, request)
        : { state, ...foldSubagent(memory, event) };
  return { state: { ...step.state, memory: step.memory }, facts: step.facts };
};

const foldOther = (state: ParserState, line: string): { state: ParserState; facts: Fact[] } => {
  const used = usageTold(line);
  if (used === null) return { state, facts: unknownEvent(line, isMeaningless) };
  return { state: { ...state, usage: turnUsage(used, readMemory(state).spentBefore) }, facts: [] };
};

type OwnEvent = Exclude<StreamEvent, EventOf<'result'>>;

const fold = (state: ParserState, memory: Memory, event: OwnEvent, request: TurnRequest): Step => {
  switch (event.type) {
    case 'user.message': {
      const providerSessionId = state.providerSessionId ?? conversationOf(request);
      return { state: { ...state, providerSessionId }, memory, facts: [] };
    }
    case 'assistant.turn_start':
    case 'assistant.turn_retry':
    case 'assistant.message_start':
      return { state, memory: { ...memory, answer: again(memory.answer) }, facts: [] };
    case 'model.call_start': {
      const { model } = event.data;
      const thoughts = again(memory.thoughts);
      return {
        ...{ state: named(state, model), facts: [] },
        memory: { ...memory, thoughts, isAnswered: false },
      };
    }
    case 'model.call_finished': {
      const isAnswered = event.data.outcome === 'success';
      return { state, memory: { ...memory, isAnswered }, facts: [] };
    }
    case 'assistant.turn_end':
      return memory.isAnswered ? foldCut(state, memory) : { state, memory, facts: [] };
    case 'assistant.message_delta': {
      const { voice, news } = streamText(memory.answer, event.data.deltaContent);
      return { state, memory: { ...memory, answer: voice }, facts: textFact(news) };
    }
    case 'assistant.message':
      return foldMessage(state, memory, event);
    case 'assistant.reasoning_delta': {
      const { voice, news } = streamText(memory.thoughts, event.data.deltaContent);
      return { state, memory: { ...memory, thoughts: voice }, facts: reasoningFact(news) };
    }
    case 'assistant.reasoning': {
      const { voice, news } = finishBlock(memory.thoughts, event.data.content);
      return { state, memory: { ...memory, thoughts: voice }, facts: reasoningFact(news) };
    }
    case 'tool.execution_start':
      return { state, ...openTool(memory, event) };
    case 'tool.execution_complete':
      return { state, ...closeTool(memory, event) };
    case 'session.error': {
      const { errorType, errorCode, message, statusCode } = event.data;
      const error = {
        ...{ type: errorType ?? null, code: errorCode ?? null, status: statusCode ?? null },
        message: message ?? 'the turn failed',
      };
      return { state, memory: { ...memory, error }, facts: [] };
    }
    case 'abort':
      return { state, memory: { ...memory, aborted: true }, facts: [] };
  }
};

/** What it does is seen; what it says is the result of a tool. */
const foldSubagent = (memory: Memory, event: OwnEvent): Told => {
  if (event.type === 'tool.execution_start') return openTool(memory, event);
  if (event.type === 'tool.execution_complete') return closeTool(memory, event);
  return { memory, facts: [] };
};

/** The last message with words is the answer; one that only calls tools has none. */
const foldMessage = (
  state: ParserState,
  memory: Memory,
  { data: { content, model } }: EventOf<'assistant.message'>,
): Step => {
  const { voice, news } = finishBlock(memory.answer, content);
  const { cut } = memory;
  const whole = cut.join('') + content;
  const endsCut = cut.length >= MOST_PIECES || cut.includes('');
  return {
    state: { ...named(state, model), text: whole === '' ? state.text : whole },
    memory: { ...memory, answer: voice, error: null, isAnswered: false, cut: [], endsCut },
    facts: textFact(news),
  };
};

/**
 * An answer that is not told as a message has reached the limit of the model, which is then asked to go on. What has come
 * of it is told only as it is streamed: of an empty piece one cannot know.
 */
const foldCut = (state: ParserState, memory: Memory): Step => {
  const cut = [...memory.cut, memory.answer.shown];
  return {
    state: { ...state, text: cut.join('') },
    // The next piece goes on in the middle of a sentence.
    memory: {
      ...memory,
      cut,
      isAnswered: false,
      answer: { shown: '', shownAgain: 0, spoke: false },
    },
    facts: [],
  };
};

/** So often it asks for more; then it tells what comes as a message, be that all or cut off once more. */
const MOST_PIECES = 2;

const foldResult = (
  state: ParserState,
  memory: Memory,
  { sessionId, exitCode }: EventOf<'result'>,
): Step => ({
  state: { ...state, providerSessionId: sessionId ?? state.providerSessionId },
  memory: { ...memory, exitCode },
  facts: [],
});

/** A request that is repeated says again what clients have seen. */
const again = (voice: Memory['answer']): Memory['answer'] => ({ ...voice, shownAgain: 0 });
const named = (state: ParserState, model: string | null | undefined): ParserState => ({
  ...state,
  model: model ?? state.model,
});
const textFact = (text: string): Fact[] => (text === '' ? [] : [{ type: 'text', text }]);
const reasoningFact = (text: string): Fact[] => (text === '' ? [] : [{ type: 'reasoning', text }]);
