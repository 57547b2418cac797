import { type Fact, type ParserState } from '../adapter.js';

type Step = { state: ParserState; facts: Fact[] };

/**
 * Folds a line into the state, object by object: an agent whose output was joined on its way, or that ends no line, says
 * several of them in one.
 */
export const foldObjects = (
  state: ParserState,
  line: string,
  fold: (state: ParserState, object: string) => Step,
): Step => {
  const [only, ...more] = objectsIn(line);
  if (only === undefined) return { state, facts: [] };
  let step = fold(state, only);
  for (const object of more) {
    const next = fold(step.state, object);
    step = { state: next.state, facts: [...step.facts, ...next.facts] };
  }
  return step;
};

/**
 * The JSON objects of a line that begins with one, each as its own text; what does not belong to one, such as the
 * control sequences of a terminal, is a text of its own. A line that begins with anything else is one text.
 */
export const objectsIn = (line: string): string[] => {
  const text = line.replace(TERMINAL, '');
  if (!text.startsWith('{') || (text.trimEnd().endsWith('}') && !MEETING.test(text))) return [text];
  const pieces: string[] = [];
  let from = 0;
  for (;;) {
    const end = endOfObject(text, from);
    pieces.push(text.slice(from, end));
    from = end;
    while (from < text.length && WHITE.has(text.charAt(from))) from += 1;
    if (from >= text.length) return pieces;
    if (text.charAt(from) === '{') continue;
    return [...pieces, text.slice(from)];
  }
};

/** What terminals and encodings put before a text: escape sequences, a byte order mark, white space. */
const TERMINAL = /^(?:\p{Cc}\[[0-?]*[ -/]*[@-~]|\p{Cc}\][^\p{Cc}]*\p{Cc}\\?|[\p{Cc}\s\uFEFF])+/u;
/** Two objects, unless it stands within a string. */
const MEETING = /\}\s*\{/;
const WHITE = new Set([' ', '\t', '\r', '\n']);

/** Where the object that begins there has ended; the end of the text when it does not end. */
const endOfObject = (text: string, from: number): number => {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    switch (text.charAt(at)) {
      case '"':
        at = endOfString(text, at);
        break;
      case '{':
        depth += 1;
        break;
      case '}':
        depth -= 1;
        if (depth === 0) return at + 1;
    }
  }
  return text.length;
};

/** How many brackets a line opens that it does not close. No string of JSON has more than one line. */
export const openBrackets = (line: string): number => {
  let open = 0;
  for (let at = 0; at < line.length; at += 1) {
    switch (line.charAt(at)) {
      case '"':
        at = endOfString(line, at);
        break;
      case '{':
      case '[':
        open += 1;
        break;
      case '}':
      case ']':
        open -= 1;
    }
  }
  return open;
};

/** Where the closing quote of the string stands that opens there. */
const endOfString = (text: string, from: number): number => {
  let end = text.indexOf('"', from + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
};

const isEscaped = (text: string, at: number): boolean => {
  let slashes = 0;
  while (text.charAt(at - 1 - slashes) === '\\') slashes += 1;
  return slashes % 2 === 1;
};
