import { type Fact, type ParserState } from '../adapter.js';
import { eventOf } from '../stream/json-lines.js';
import { unknownEvent, unknownFact } from '../stream/parser-state.js';
import { type Memory, readMemory } from './memory.js';
import { type Item, type StreamEvent, streamEvent } from './stream-events.js';
import { turnUsage } from './thread-usage.js';
import { toolFact } from './tool-facts.js';

type Step = { state: ParserState; facts: Fact[] };

export const parseLine = (state: ParserState, line: string): Step => {
  const event = eventOf(streamEvent, line);
  return event === null
    ? { state, facts: unknownEvent(line, isMeaningless) }
    : fold(state, readMemory(state), event, line);
};

/** Lists of what is to be done that change, and what is tried again; what is final is repeated by `turn.failed`. */
const isMeaningless = (type: string): boolean => type === 'item.updated' || type === 'error';

const fold = (state: ParserState, memory: Memory, event: StreamEvent, line: string): Step => {
  switch (event.type) {
    case 'thread.started':
      return { state: { ...state, providerSessionId: event.thread_id }, facts: [] };
    case 'turn.started':
      return { state: { ...state, memory: { ...memory, end: null } }, facts: [] };
    case 'item.started':
      return { state, facts: toolFacts(event.item, 'started') };
    case 'item.completed':
      return foldItem(state, memory, event.item, line);
    case 'turn.completed':
      return {
        state: {
          ...state,
          usage: event.usage ? turnUsage(event.usage, memory.spentBefore) : null,
          memory: { ...memory, end: { completed: true } },
        },
        facts: [],
      };
    case 'turn.failed': {
      const reason = event.error?.message ?? 'the turn failed';
      return {
        state: { ...state, memory: { ...memory, end: { completed: false, reason } } },
        facts: [],
      };
    }
  }
};

const foldItem = (state: ParserState, memory: Memory, item: Item, line: string): Step => {
  switch (item.type) {
    case 'agent_message':
      return foldMessage(state, memory, item);
    case 'reasoning': {
      if (!item.text) return { state, facts: [] };
      const text = memory.pondered ? `\n\n${item.text}` : item.text;
      return {
        state: { ...state, memory: { ...memory, pondered: true } },
        facts: [{ type: 'reasoning', text }],
      };
    }
    // Warnings, and what is to be done.
    case 'error':
    case 'todo_list':
      return { state, facts: [] };
    default: {
      const facts = toolFacts(item, 'completed');
      return { state, facts: facts.length > 0 ? facts : [unknownFact(`item.${item.type}`, line)] };
    }
  }
};

/** Messages come whole, and what comes last is the answer. */
const foldMessage = (state: ParserState, memory: Memory, { text }: Item): Step => {
  if (!text) return { state, facts: [] };
  return {
    state: { ...state, text, memory: { ...memory, spoke: true } },
    facts: [{ type: 'text', text: memory.spoke ? `\n\n${text}` : text }],
  };
};

const toolFacts = (item: Item, phase: 'started' | 'completed'): Fact[] => {
  const fact = toolFact(item, phase);
  return fact === null ? [] : [fact];
};
