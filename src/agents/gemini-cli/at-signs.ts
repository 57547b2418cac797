/**
 * Gemini takes a word that begins with `@`, also in the middle of an e-mail address, for the name of a file: it looks
 * for one that resembles it, writes its path in place of the word and puts what it holds below the prompt. A backslash
 * keeps it from that, but reaches the model, which is told what it means.
 */
export const escapeAtSigns = (prompt: string): string =>
  prompt.includes('@') ? `${prompt.replaceAll('@', '\\@')}${LEGEND}` : prompt;

const LEGEND = '\n\n(In all of the above, \\@ stands for the at sign alone.)';

/** Has it read those files: a line of their own behind the prompt, or none. */
export const mentions = (paths: readonly string[]): string[] =>
  paths.length === 0 ? [] : [paths.map((path) => `@${escaped(path)}`).join(' ')];

/** A path ends at a space or a mark, unless there is a backslash before it. */
const escaped = (path: string): string =>
  path.replaceAll(/[^\w./~-]/g, (mark) => (mark.charCodeAt(0) < 128 ? `\\${mark}` : mark));
