import { type Fact, type ParserState } from '../adapter.js';
import { unknownEvent } from '../parser-state.js';
import { type Memory, readMemory } from './memory.js';
import { type Item, type StreamEvent, streamEvent } from './stream-events.js';
import { turnUsage } from './thread-usage.js';
import { toolFact } from './tool-facts.js';

type Step = { state: ParserState; facts: Fact[] };

export const parseLine = (state: ParserState, line: string): Step => {
  const event = readEvent(line);
  return event === null
    ? { state, facts: unknownEvent(line) }
    : fold(state, readMemory(state), event);
};

const readEvent = (line: string): StreamEvent | null => {
  try {
    return streamEvent.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
};

const fold = (state: ParserState, memory: Memory, event: StreamEvent): Step => {
  switch (event.type) {
    case 'thread.started':
      return { state: { ...state, providerSessionId: event.thread_id }, facts: [] };
    case 'turn.started':
      return { state: { ...state, memory: { ...memory, end: null } }, facts: [] };
    case 'item.started':
      return { state, facts: factsOf(toolFact(event.item, 'started')) };
    case 'item.completed':
      return event.item.type === 'agent_message'
        ? foldMessage(state, memory, event.item)
        : { state, facts: factsOf(toolFact(event.item, 'completed')) };
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

/** Messages come whole, and what comes last is the answer. */
const foldMessage = (state: ParserState, memory: Memory, { text }: Item): Step => {
  if (!text) return { state, facts: [] };
  return {
    state: { ...state, text, memory: { ...memory, spoke: true } },
    facts: [{ type: 'text', text: memory.spoke ? `\n\n${text}` : text }],
  };
};

const factsOf = (fact: Fact | null): Fact[] => (fact === null ? [] : [fact]);
