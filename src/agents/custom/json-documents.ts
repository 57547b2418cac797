import { openBrackets } from '../stream/json-objects.js';
import { type Memory } from './memory.js';

/** A line that is a document of its own; null when it is none. */
export const documentOn = (line: string): { value: unknown } | null => {
  try {
    return { value: JSON.parse(line) as unknown };
  } catch {
    return null;
  }
};

/** What is held of a document, in characters: it is stored with the state. Of a longer one nothing is known. */
const HELD = 8_000_000;

/**
 * One more line of a document on many, which is over with the last bracket that closes. Noise is dropped; if it looks like
 * the beginning of a document, then no later than where the next one begins, or is whole on a line at the margin.
 */
export const withLine = (
  memory: Memory,
  line: string,
): { memory: Memory; document: { value: unknown } | null } => {
  const begins = /^\s*[[{]/.test(line);
  const isWithin = memory.document !== '' && (!begins || memory.takesValue);
  const nothing = { ...memory, document: '', depth: 0, takesValue: false };
  const held = isWithin ? memory : nothing;
  if (!isWithin && !begins) return { memory: nothing, document: null };
  const whole = isWithin && !/^[[{]/.test(line) ? null : documentOn(line);
  if (!isWithin && whole !== null) return { memory: nothing, document: whole };
  const document = `${held.document}${line}\n`;
  const depth = held.depth + openBrackets(line);
  const last = line.trimEnd().at(-1);
  const takesValue = last === undefined ? held.takesValue : TAKES_VALUE.has(last);
  if (depth <= 0) return { memory: nothing, document: documentOn(document) };
  return {
    memory: document.length > HELD ? nothing : { ...held, document, depth, takesValue },
    document: whole,
  };
};

/** What a bracket may open behind: anything else is noise, for no string of JSON has more than one line. */
const TAKES_VALUE = new Set(['[', ',', ':']);
