import { type Fact, type ParserState } from '../adapter.js';
import { eventOf } from '../stream/json-lines.js';
import { unknownEvent } from '../stream/parser-state.js';
import { type Memory, readMemory } from './memory.js';
import { type StreamEvent, streamEvent } from './stream-events.js';
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
    case 'system':
      return {
        state: {
          ...state,
          providerSessionId: event.session_id ?? state.providerSessionId,
          // Those of the user's own settings are told by the names that they have there.
          model: event.model?.startsWith('custom:') ? null : (event.model ?? state.model),
        },
        facts: [],
      };
    case 'message':
      return event.role === 'assistant'
        ? foldText(state, memory, event.text)
        : { state, facts: [] };
    case 'reasoning': {
      if (event.text === '' || (event.id && event.id === memory.thought))
        return { state, facts: [] };
      return {
        state: { ...state, memory: { ...memory, thought: event.id ?? null } },
        facts: [{ type: 'reasoning', text: event.text }],
      };
    }
    case 'tool_call':
      return step(state, openTool(memory, event));
    case 'tool_result':
      return step(state, closeTool(memory, event));
    case 'completion':
      return {
        state: {
          ...state,
          text: event.finalText || state.text,
          usage: event.usage ? turnUsage(event.usage) : state.usage,
          memory: { ...memory, end: { completed: true } },
        },
        facts: [],
      };
    case 'error': {
      // What follows the reason says only that there was one.
      const isEcho = event.message === 'Exec failed' && memory.failure !== null;
      const failure = isEcho ? memory.failure : (event.message ?? 'the turn failed');
      return { state: { ...state, memory: { ...memory, failure } }, facts: [] };
    }
  }
};

const step = (state: ParserState, told: { memory: Memory; facts: Fact[] }): Step => ({
  state: { ...state, memory: told.memory },
  facts: told.facts,
});

/** Messages come whole, and what comes last is the answer. */
const foldText = (state: ParserState, memory: Memory, text: string): Step => {
  if (text === '') return { state, facts: [] };
  return {
    state: { ...state, text, memory: { ...memory, spoke: true } },
    facts: [{ type: 'text', text: memory.spoke ? `\n\n${text}` : text }],
  };
};
