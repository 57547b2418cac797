import { type Memory } from './memory.js';

type Told = { memory: Memory; text: string };

/** The shortest pause that the CLI makes before it repeats a request whose answer broke off, with some allowance. */
const RETRY_PAUSE_MS = 900;

/**
 * One piece of a message. When an answer breaks off, the CLI asks again and streams the whole of the next one, without
 * a word about it. So what begins like the message, after a pause, is held back for as long as it says the same.
 */
export const streamText = (memory: Memory, piece: string, at: number | null): Told => {
  const { said, again, saidAt } = memory;
  const next = { ...memory, saidAt: at };
  const paused = at !== null && saidAt !== null && at - saidAt >= RETRY_PAUSE_MS;
  const begins = paused && said !== '' && said.startsWith(piece);
  if (again === null) return begins ? repeat(next, piece) : say(next, piece);
  // The repetition may break off too.
  const goesOn = said.startsWith(again + piece);
  return repeat(next, begins && !goesOn ? piece : again + piece);
};

/** The message is over: what was held back is part of it, unless it has said all of it again. */
export const finishMessage = (memory: Memory): Told => {
  const { said, again } = memory;
  return again === null || again === said
    ? { memory: { ...memory, again: null }, text: '' }
    : say({ ...memory, again: null }, again);
};

const repeat = (memory: Memory, attempt: string): Told => {
  const { said } = memory;
  if (said.startsWith(attempt)) return { memory: { ...memory, again: attempt }, text: '' };
  const whole = { ...memory, again: null };
  return attempt.startsWith(said) ? say(whole, attempt.slice(said.length)) : say(whole, attempt);
};

const say = (memory: Memory, piece: string): Told => {
  const start = memory.said === '' && memory.spoke && piece !== '' ? '\n\n' : '';
  return {
    memory: { ...memory, said: memory.said + piece, spoke: memory.spoke || piece !== '' },
    text: start + piece,
  };
};
