import { type Fact, type ParserState } from '../adapter.js';
import { unknownEvent } from '../parser-state.js';
import { type Memory, readMemory } from './memory.js';
import {
  type ContentBlock,
  type ResultEvent,
  type StreamEvent,
  streamEvent,
} from './stream-events.js';
import { finishBlock, streamText } from './streamed-text.js';
import { closeTool, openTool } from './tool-facts.js';
import { contextSize, turnUsage } from './turn-usage.js';

type Step = { state: ParserState; facts: Fact[] };

export const parseLine = (state: ParserState, line: string): Step => {
  const event = readEvent(line);
  if (event === null) return { state, facts: unknownEvent(line) };
  const memory = readMemory(state);
  const providerSessionId = event.session_id ?? state.providerSessionId;
  const step = fold({ ...state, providerSessionId }, memory, event);
  return { state: { ...step.state, memory: step.memory }, facts: step.facts };
};

const readEvent = (line: string): StreamEvent | null => {
  try {
    return streamEvent.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
};

const fold = (
  state: ParserState,
  memory: Memory,
  event: StreamEvent,
): Step & { memory: Memory } => {
  const ofSubagent = event.parent_tool_use_id != null;
  switch (event.type) {
    case 'system':
      return event.subtype === 'init'
        ? { state, memory: { ...memory, model: event.model ?? null }, facts: [] }
        : { state, memory, facts: [] };
    case 'stream_event': {
      const { type, delta } = event.event;
      if (ofSubagent) return { state, memory, facts: [] };
      if (type === 'message_start') {
        return { state, memory: { ...memory, shownAgain: 0 }, facts: [] };
      }
      if (delta?.type !== 'text_delta' || !delta.text) return { state, memory, facts: [] };
      return { state, ...streamText(memory, delta.text) };
    }
    case 'assistant':
      return foldAssistant(state, memory, event, ofSubagent);
    case 'user':
      return { state, ...eachBlock(memory, event.message.content, closeTool) };
    case 'rate_limit_event': {
      const { status, resetsAt } = event.rate_limit_info;
      if (status !== 'rejected' || resetsAt == null) return { state, memory, facts: [] };
      const limitResetsAt = new Date(resetsAt * 1000).toISOString();
      return { state, memory: { ...memory, limitResetsAt }, facts: [] };
    }
    case 'result':
      return foldResult(state, memory, event);
  }
};

const foldAssistant = (
  state: ParserState,
  memory: Memory,
  { message, error }: Extract<StreamEvent, { type: 'assistant' }>,
  ofSubagent: boolean,
): Step & { memory: Memory } => {
  if (error != null) return { state, memory: { ...memory, apiError: error }, facts: [] };
  if (ofSubagent) return { state, ...eachBlock(memory, message.content, openTool) };
  const said = message.content.map((block) => (block.type === 'text' ? (block.text ?? '') : ''));
  const sameMessage = message.id != null && message.id === memory.messageId;
  const text = said.join('');
  const known = {
    ...memory,
    messageId: message.id ?? null,
    contextTokens: contextSize(message.usage) ?? memory.contextTokens,
  };
  return {
    state: {
      ...state,
      text: text === '' ? state.text : sameMessage ? (state.text ?? '') + text : text,
    },
    ...eachBlock(known, message.content, (now, block) =>
      block.type === 'text' ? finishBlock(now, block.text ?? '') : openTool(now, block),
    ),
  };
};

const foldResult = (
  state: ParserState,
  memory: Memory,
  event: ResultEvent,
): Step & { memory: Memory } => {
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
  memory: Memory,
  blocks: readonly ContentBlock[],
  step: (memory: Memory, block: ContentBlock) => { memory: Memory; facts: Fact[] },
): { memory: Memory; facts: Fact[] } => {
  const facts: Fact[] = [];
  let now = memory;
  for (const block of blocks) {
    const next = step(now, block);
    now = next.memory;
    facts.push(...next.facts);
  }
  return { memory: now, facts };
};
