import { type Fact, type ParserState } from '../adapter.js';
import { eventOf } from '../stream/json-lines.js';
import { unknownEvent, unknownFact } from '../stream/parser-state.js';
import { instantOf } from '../failures/time-span.js';
import { isMeaningless, isNotice } from './known-events.js';
import { type Memory, readMemory } from './memory.js';
import { callBegins, callEnds, messageCame, subagentEnds } from './model-calls.js';
import {
  type ContentBlock,
  type ResultEvent,
  type StreamEvent,
  streamEvent,
} from './stream-events.js';
import { finishBlock, streamText } from './streamed-text.js';
import { closeTool, openTool } from './tool-facts.js';
import { contextSize, turnUsage } from './turn-usage.js';

type Told = { memory: Memory; facts: Fact[] };
type Step = Told & { state: ParserState };

export const parseLine = (
  state: ParserState,
  line: string,
): { state: ParserState; facts: Fact[] } => {
  const event = eventOf(streamEvent, line);
  if (event === null) return { state, facts: unknownEvent(line, isMeaningless) };
  const memory = readMemory(state);
  const providerSessionId = event.session_id ?? state.providerSessionId;
  const step = fold({ ...state, providerSessionId }, memory, event, line);
  return { state: { ...step.state, memory: step.memory }, facts: step.facts };
};

const fold = (state: ParserState, memory: Memory, event: StreamEvent, line: string): Step => {
  switch (event.type) {
    case 'system': {
      const subtype = event.subtype ?? '';
      if (subtype === 'init') return foldInit(state, memory, event.model ?? null);
      const facts = isNotice(subtype) ? [] : [unknownFact(`system.${subtype}`, line)];
      return { state, memory, facts };
    }
    case 'stream_event':
      return event.parent_tool_use_id == null
        ? foldPiece(state, memory, event)
        : { state, memory, facts: [] };
    case 'assistant':
      return foldAssistant(state, memory, event);
    case 'user':
      return foldUser(state, memory, event);
    case 'rate_limit_event': {
      const { status, resetsAt } = event.rate_limit_info;
      if (status !== 'rejected' || resetsAt == null) return { state, memory, facts: [] };
      const limitResetsAt = instantOf(resetsAt * 1000);
      return { state, memory: { ...memory, limitResetsAt }, facts: [] };
    }
    case 'result':
      return foldResult(state, memory, event);
  }
};

const foldInit = (state: ParserState, memory: Memory, model: string | null): Step => ({
  state: { ...state, model: withoutContext(model) },
  memory: { ...memory, model },
  facts: [],
});

/** Behind the name may stand the size of its context: `claude-opus-4-8[1m]`. */
const withoutContext = (model: string | null): string | null =>
  model?.replace(/\[\w+\]$/, '') ?? null;

type EventOf<Type extends StreamEvent['type']> = Extract<StreamEvent, { type: Type }>;

const foldPiece = (
  state: ParserState,
  memory: Memory,
  { event: { type, delta, message, usage } }: EventOf<'stream_event'>,
): Step => {
  if (type === 'message_start') {
    const anew = {
      ...memory,
      answer: repeated(memory.answer),
      thoughts: repeated(memory.thoughts),
    };
    const { id = null, model = null } = message ?? {};
    const call = { id, model, usage: message?.usage ?? null };
    return { state: { ...state, model: model ?? state.model }, ...callBegins(anew, call) };
  }
  if (type === 'message_delta') return { state, ...callEnds(memory, usage ?? null) };
  if (delta?.type === 'text_delta' && delta.text) {
    const { voice, news } = streamText(memory.answer, delta.text);
    return { state, memory: { ...memory, answer: voice }, facts: textFact(news) };
  }
  if (delta?.type === 'thinking_delta' && delta.thinking) {
    const { voice, news } = streamText(memory.thoughts, delta.thinking);
    return { state, memory: { ...memory, thoughts: voice }, facts: reasoningFact(news) };
  }
  return { state, memory, facts: [] };
};

const repeated = (voice: Memory['answer']): Memory['answer'] => ({ ...voice, shownAgain: 0 });
const textFact = (text: string): Fact[] => (text === '' ? [] : [{ type: 'text', text }]);
const reasoningFact = (text: string): Fact[] => (text === '' ? [] : [{ type: 'reasoning', text }]);

const foldAssistant = (
  state: ParserState,
  memory: Memory,
  { message, error, parent_tool_use_id }: EventOf<'assistant'>,
): Step => {
  if (error != null) return { state, memory: { ...memory, apiError: error }, facts: [] };
  const subagent = parent_tool_use_id ?? null;
  const { id = null, model = null, usage = null, content } = message;
  const called = messageCame(memory, { id, model, usage }, subagent);
  if (subagent !== null) return { state, ...eachBlock(called, content, openTool) };
  const text = content.map((block) => (block.type === 'text' ? (block.text ?? '') : '')).join('');
  const sameMessage = id !== null && id === memory.messageId;
  const known = {
    ...called.memory,
    messageId: id,
    contextTokens: contextSize(usage) ?? memory.contextTokens,
  };
  return {
    state: {
      ...state,
      text: text === '' ? state.text : sameMessage ? (state.text ?? '') + text : text,
      // Without tokens, no model has written it.
      model: (contextSize(usage) === null ? null : model) ?? state.model,
    },
    ...eachBlock({ memory: known, facts: called.facts }, content, foldBlock),
  };
};

const foldBlock = (memory: Memory, block: ContentBlock): Told => {
  if (block.type === 'text') {
    const { voice, news } = finishBlock(memory.answer, block.text ?? '');
    return { memory: { ...memory, answer: voice }, facts: textFact(news) };
  }
  if (block.type === 'thinking') {
    const { voice, news } = finishBlock(memory.thoughts, block.thinking ?? '');
    return { memory: { ...memory, thoughts: voice }, facts: reasoningFact(news) };
  }
  return openTool(memory, block);
};

const foldUser = (
  state: ParserState,
  memory: Memory,
  { message: { content }, tool_use_result: result }: EventOf<'user'>,
): Step => {
  const closed = eachBlock({ memory, facts: [] }, content, closeTool);
  if (!result) return { state, ...closed };
  const model = withoutContext(result.resolvedModel ?? null);
  const called = subagentEnds(closed.memory, { model, usage: result.usage });
  return { state, memory: called.memory, facts: [...called.facts, ...closed.facts] };
};

const foldResult = (state: ParserState, memory: Memory, event: ResultEvent): Step => {
  const success = event.is_error !== true && event.subtype === 'success';
  return {
    state: {
      ...state,
      text: success ? (event.result ?? state.text) : state.text,
      usage: turnUsage(event, memory.model, memory.contextTokens),
    },
    memory: {
      ...memory,
      result: {
        success,
        subtype: event.subtype ?? null,
        status: event.api_error_status ?? null,
        apiError: event.api_error ?? null,
        reason: event.stop_reason === 'refusal' ? 'refusal' : (event.terminal_reason ?? null),
        errorText: success ? null : (event.result ?? event.errors?.join('\n') ?? null),
      },
    },
    facts: [],
  };
};

const eachBlock = (
  before: Told,
  blocks: readonly ContentBlock[],
  step: (memory: Memory, block: ContentBlock) => Told,
): Told =>
  blocks.reduce<Told>(({ memory, facts }, block) => {
    const next = step(memory, block);
    return { memory: next.memory, facts: [...facts, ...next.facts] };
  }, before);
