import { type Fact, type ParserState } from '../adapter.js';
import { readMemory } from './memory.js';

/** Every line is part of the answer, apart from empty ones before and behind it. */
export const foldText = (
  state: ParserState,
  line: string,
): { state: ParserState; facts: Fact[] } => {
  const memory = readMemory(state);
  const said = line.replace(/\r$/, '');
  if (said === '') {
    const emptyLines = memory.emptyLines + (memory.spoke ? 1 : 0);
    return { state: { ...state, memory: { ...memory, emptyLines } }, facts: [] };
  }
  const text = (memory.spoke ? '\n'.repeat(memory.emptyLines + 1) : '') + said;
  return {
    state: {
      ...state,
      text: (state.text ?? '') + text,
      memory: { ...memory, spoke: true, emptyLines: 0 },
    },
    facts: [{ type: 'text', text }],
  };
};
