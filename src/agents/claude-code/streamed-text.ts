import { type Fact } from '../adapter.js';
import { type Memory } from './memory.js';

type Told = { memory: Memory; facts: Fact[] };

/**
 * One piece of streamed text. When a broken request is repeated, the CLI streams the same block again: what
 * clients have seen is not sent twice, and an attempt that says something else starts on a new line.
 */
export const streamText = (memory: Memory, piece: string): Told => {
  const { shown, shownAgain } = memory;
  const ahead = shown.slice(shownAgain);
  if (ahead.startsWith(piece)) {
    return { memory: { ...memory, shownAgain: shownAgain + piece.length }, facts: [] };
  }
  const attempt = shown.slice(0, shownAgain) + piece;
  const news = piece.startsWith(ahead) ? piece.slice(ahead.length) : `\n${attempt}`;
  const start = shown === '' && memory.spoke ? '\n\n' : '';
  return {
    memory: { ...memory, shown: attempt, shownAgain: attempt.length, spoke: true },
    facts: [{ type: 'text', text: start + news }],
  };
};

/** The whole text of a block: shows what was not streamed of it, and makes room for the next block. */
export const finishBlock = (memory: Memory, text: string): Told => {
  const told = text === '' ? { memory, facts: [] } : streamText({ ...memory, shownAgain: 0 }, text);
  return { memory: { ...told.memory, shown: '', shownAgain: 0 }, facts: told.facts };
};
