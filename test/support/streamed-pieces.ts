import { setTimeout as sleep } from 'node:timers/promises';
import { type Reply } from './model-api.js';

let count = 0;
export const nextId = (kind: string): string => `${kind}_${String(++count).padStart(8, '0')}`;

/** A text in as many pieces as a reply wants, at its pace, until the reader has gone. */
export const inPieces = async function* (
  text: string,
  { pieces = 3, pauseMs = 0 }: Reply,
  gone: AbortSignal,
): AsyncGenerator<string> {
  const size = Math.max(1, Math.ceil(text.length / pieces));
  for (let at = 0; at < text.length; at += size) {
    if (pauseMs > 0) await sleep(pauseMs, undefined, { signal: gone });
    yield text.slice(at, at + size);
  }
};
