import { type Fact, type ParserState } from '../adapter.js';
import { eventOf } from '../stream/json-lines.js';
import { unknownEvent } from '../stream/parser-state.js';
import { type Memory, readMemory } from './memory.js';
import { type Stats, type StreamEvent, streamEvent } from './stream-events.js';
import { finishMessage, streamText } from './streamed-text.js';
import { closeTool, openTool } from './tool-facts.js';
import { turnUsage } from './turn-usage.js';

type Step = { state: ParserState; facts: Fact[] };

export const parseLine = (state: ParserState, line: string): Step => {
  const event = eventOf(streamEvent, line);
  return event === null
    ? { state, facts: unknownEvent(line) }
    : fold(state, readMemory(state), event);
};

const fold = (state: ParserState, memory: Memory, event: StreamEvent): Step => {
  switch (event.type) {
    case 'init':
      return {
        state: { ...state, providerSessionId: event.session_id, model: named(event.model) },
        facts: [],
      };
    case 'message': {
      if (event.role !== 'assistant') return { state, facts: [] };
      const at = Date.parse(event.timestamp ?? '');
      const told = streamText(memory, event.content, Number.isNaN(at) ? null : at);
      return textStep(state, told.memory, told.text);
    }
    case 'tool_use': {
      const over = closeMessage(state, memory);
      const told = openTool(over.memory, event);
      return {
        state: { ...over.state, memory: told.memory },
        facts: [...over.facts, ...told.facts],
      };
    }
    case 'tool_result': {
      const told = closeTool(memory, event);
      return { state: { ...state, memory: told.memory }, facts: told.facts };
    }
    case 'error': {
      const complaint = event.severity === 'warning' ? memory.complaint : event.message;
      return {
        state: { ...state, memory: { ...memory, complaint: complaint ?? null } },
        facts: [],
      };
    }
    case 'result': {
      const { state: after, memory: last, facts } = closeMessage(state, memory);
      const reason = event.error?.message ?? last.complaint ?? 'the turn failed';
      const end =
        event.status === 'success'
          ? { succeeded: true as const }
          : { succeeded: false as const, reason };
      const usage = event.stats ? turnUsage(event.stats) : null;
      const model = after.model ?? answering(event.stats?.models ?? {});
      return { state: { ...after, model, usage, memory: { ...last, end } }, facts };
    }
  }
};

/** It may choose one of several for each request. */
const named = (model: string | null | undefined): string | null =>
  model && !model.startsWith('auto') ? model : null;

/** The model that has said most: others are asked which one to ask. */
const answering = (models: Stats['models']): string | null => {
  const [most] = Object.entries(models).sort(
    ([nameA, a], [nameB, b]) =>
      b.output_tokens - a.output_tokens ||
      b.total_tokens - a.total_tokens ||
      nameB.localeCompare(nameA),
  );
  return most?.[0] ?? null;
};

/** What comes after it is another message; the last one is the answer. */
const closeMessage = (state: ParserState, memory: Memory): Step & { memory: Memory } => {
  const told = finishMessage(memory);
  const step = textStep(state, told.memory, told.text);
  return { ...step, memory: { ...told.memory, said: '', saidAt: null } };
};

const textStep = (state: ParserState, memory: Memory, text: string): Step => ({
  state: { ...state, text: memory.said === '' ? state.text : memory.said, memory },
  facts: text === '' ? [] : [{ type: 'text', text }],
});
