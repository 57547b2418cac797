import { type Voice } from './memory.js';

type Told = { voice: Voice; news: string };

/**
 * One piece of streamed text. When a broken request is repeated, the CLI streams the same block again: what
 * clients have seen is not sent twice, and an attempt that says something else starts on a new line.
 */
export const streamText = (voice: Voice, piece: string): Told => {
  const { shown, shownAgain, spoke } = voice;
  const ahead = shown.slice(shownAgain);
  if (ahead.startsWith(piece)) {
    return { voice: { ...voice, shownAgain: shownAgain + piece.length }, news: '' };
  }
  const attempt = shown.slice(0, shownAgain) + piece;
  const news = piece.startsWith(ahead) ? piece.slice(ahead.length) : `\n${attempt}`;
  const start = shown === '' && spoke ? '\n\n' : '';
  return {
    voice: { shown: attempt, shownAgain: attempt.length, spoke: true },
    news: start + news,
  };
};

/** The whole text of a block: shows what was not streamed of it, and makes room for the next block. */
export const finishBlock = (voice: Voice, text: string): Told => {
  const told = text === '' ? { voice, news: '' } : streamText({ ...voice, shownAgain: 0 }, text);
  return { voice: { ...told.voice, shown: '', shownAgain: 0 }, news: told.news };
};
