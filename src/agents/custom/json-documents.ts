import { type Memory } from './memory.js';

/** A line that is a document of its own; null when it is none. */
export const documentOn = (line: string): { value: unknown } | null => {
  try {
    return { value: JSON.parse(line) as unknown };
  } catch {
    return null;
  }
};

/** One more line of a document on many, which is over with the last bracket that closes. Noise between two is dropped. */
export const withLine = (
  memory: Memory,
  line: string,
): { memory: Memory; document: { value: unknown } | null } => {
  const begins = /^\s*[[{]/.test(line);
  if (memory.document === '' && !begins) return { memory, document: null };
  const document = `${memory.document}${line}\n`;
  const depth = memory.depth + bracketsOf(line);
  if (depth > 0) return { memory: { ...memory, document, depth }, document: null };
  return { memory: { ...memory, document: '', depth: 0 }, document: documentOn(document) };
};

/** How many brackets a line opens that it does not close. No string of JSON has more than one line. */
const bracketsOf = (line: string): number => {
  const outside = line.replace(/"(?:[^"\\]|\\.)*"/g, '');
  return (outside.match(/[[{]/g)?.length ?? 0) - (outside.match(/[\]}]/g)?.length ?? 0);
};
