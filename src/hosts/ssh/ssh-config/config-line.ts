import { type LineFault } from './config-fault.js';

/** One line of an ssh config that says something. */
export interface ConfigLine {
  file: string;
  number: number;
  /** In lower case. */
  keyword: string;
  /** Everything behind the keyword, as it was written. */
  rest: string;
  /** The same as words, without quotes and comments; null when a quote is not closed. */
  words: readonly string[] | null;
  /** What was found to be its value, or wrong with it: the same for whichever host. */
  outcome: { values: string[] | null; fault: LineFault | null } | null;
}

/** White space, the keyword, and one `=` or white space behind it. */
const STATEMENT = /^[ \t\r]*([^ \t\r="]+)(?:[ \t\r]*=[ \t\r]*|[ \t\r]+|$)(.*)$/;

export const readLines = (file: string, content: string): ConfigLine[] => {
  const lines: ConfigLine[] = [];
  for (const [index, text] of content.split('\n').entries()) {
    const [, keyword, rest = ''] = STATEMENT.exec(text.replace(/[ \t\r\f]+$/, '')) ?? [];
    if (keyword === undefined || keyword.startsWith('#')) continue;
    lines.push({
      file,
      number: index + 1,
      keyword: keyword.toLowerCase(),
      rest,
      words: wordsOf(rest),
      outcome: null,
    });
  }
  return lines;
};

const ESCAPABLE = new Set(['"', "'", '\\']);

/** Quotes may begin and end inside a word; a backslash guards quotes, itself, and outside of quotes a space. */
export const wordsOf = (text: string): string[] | null => {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let index = 0; index < text.length; index += 1) {
    const letter = text.charAt(index);
    const isBlank = letter === ' ' || letter === '\t';
    if (quote === null && isBlank) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    if (word === null && letter === '#') break;
    word ??= '';
    const following = text.charAt(index + 1);
    if (letter === '\\' && (ESCAPABLE.has(following) || (quote === null && following === ' '))) {
      word += following;
      index += 1;
    } else if (quote === null && (letter === '"' || letter === "'")) {
      quote = letter;
    } else if (letter === quote) {
      quote = null;
    } else {
      word += letter;
    }
  }
  if (quote !== null) return null;
  return word === null ? words : [...words, word];
};
