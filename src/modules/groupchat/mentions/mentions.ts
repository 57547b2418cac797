import { fold, handleOf } from './handle.js';
import { proseOf } from './prose.js';

/** Somebody who can be addressed. */
export interface Mentionable {
  /** Unique among all that are known. */
  handle: string;
  name: string;
  /** Not in the chat yet: of two that fit equally, the one in the chat is meant. */
  outside?: boolean;
}

export interface Mentions {
  /** Handles, each once, in the order in which they were addressed. */
  mentioned: string[];
  /** What stood behind an `@` and is nobody's name. */
  unknown: string[];
  /** What fits several equally well; the candidates are handles. */
  ambiguous: { token: string; candidates: string[] }[];
}

const WORD = /[\p{L}\p{N}\p{M}]/u;
/** Written without spaces between words, so that a name may stand directly beside them. */
const UNSPACED = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}]/u;
/** Inside a word these go on with it (`back-end`, `node.js`); at its end they are punctuation. */
const CONNECTOR = /[-_.@]/;
/** Markdown and quotes that may stand between the `@` and the name. */
const WRAPPER = /[*_~"“'[]/;
const TOKEN = /^[\p{L}\p{N}\p{Extended_Pictographic}([{][^\s@,;:!?"“”'’<>|`*~\\)\]}]*/u;

/**
 * Who is addressed in a text, by `@` and a handle or a name, of which the longest that fits counts. An `@` inside a word,
 * in code or in a URL addresses nobody. What is not certain is reported, never guessed.
 */
export const resolveMentions = (text: string, known: readonly Mentionable[]): Mentions => {
  const chars = Array.from(proseOf(text.normalize('NFKC')));
  const names = known.flatMap(namesOf).sort((a, b) => b.text.length - a.text.length);
  const mentioned = new Set<string>();
  const unknown = new Map<string, string>();
  const ambiguous = new Map<string, Mentions['ambiguous'][number]>();

  for (let at = 0; at < chars.length; at += 1) {
    if (chars[at] !== '@' || !startsWord(chars, at)) continue;
    const found = longestName(chars, at + 1, names);
    if (!found) {
      const token = tokenAt(chars, at + 1);
      if (token !== null) unknown.set(fold(token), token);
      continue;
    }
    const [first, ...others] = found.handles;
    if (first !== undefined && others.length === 0) mentioned.add(first);
    else ambiguous.set(fold(found.token), { token: found.token, candidates: found.handles });
    at = found.end - 1;
  }
  return {
    mentioned: [...mentioned],
    unknown: [...unknown.values()],
    ambiguous: [...ambiguous.values()],
  };
};

interface Name {
  /** Folded. */
  text: string;
  handle: string;
  /** The lower, the more surely it is meant. */
  rank: number;
}

const namesOf = ({ handle, name, outside = false }: Mentionable): Name[] => {
  const far = outside ? 3 : 0;
  return [
    { text: fold(handle), handle, rank: outside ? far + 2 : 0 },
    { text: fold(name.trim()), handle, rank: far + 1 },
    { text: fold(handleOf(name)), handle, rank: far + 2 },
  ].filter(({ text }) => text !== '');
};

const startsWord = (chars: readonly string[], at: number): boolean => {
  const before = chars[at - 1] ?? ' ';
  return before !== '@' && (!WORD.test(before) || UNSPACED.test(before));
};

const longestName = (
  chars: readonly string[],
  start: number,
  names: readonly Name[],
): { token: string; handles: string[]; end: number } | null => {
  for (const from of starts(chars, start)) {
    const fitting = names.flatMap((name) => {
      const end = endOf(chars, from, name.text);
      return end === null ? [] : [{ ...name, end }];
    });
    const [longest] = fitting;
    if (!longest) continue;
    const equals = fitting.filter(({ end }) => end === longest.end);
    const best = Math.min(...equals.map(({ rank }) => rank));
    const handles = new Set(equals.filter(({ rank }) => rank === best).map(({ handle }) => handle));
    const token = chars.slice(from, longest.end).join('');
    return { token, handles: [...handles], end: longest.end };
  }
  return null;
};

/** Directly behind the `@`; else behind the Markdown or quotes that follow it. */
const starts = (chars: readonly string[], start: number): number[] => {
  let from = start;
  while (WRAPPER.test(chars[from] ?? ' ')) from += 1;
  return from === start ? [start] : [start, from];
};

/** Where a folded name that begins at `from` ends, when it is there and ends at the border of a word. */
const endOf = (chars: readonly string[], from: number, name: string): number | null => {
  let folded = '';
  let end = from;
  while (folded.length < name.length && end < chars.length) {
    folded += (chars[end] ?? '').toUpperCase();
    end += 1;
  }
  return folded.normalize('NFKC') === name && endsWord(chars, end) ? end : null;
};

const endsWord = (chars: readonly string[], end: number): boolean => {
  const last = chars[end - 1] ?? '';
  const next = chars[end] ?? ' ';
  if (WORD.test(next)) return UNSPACED.test(next) && !UNSPACED.test(last);
  return !CONNECTOR.test(next) || !WORD.test(chars[end + 1] ?? ' ');
};

const tokenAt = (chars: readonly string[], start: number): string | null => {
  const from = starts(chars, start).at(-1) ?? start;
  const [token] = TOKEN.exec(chars.slice(from, from + 100).join('')) ?? [];
  return token?.replace(/[-_.([{]+$/, '') ?? null;
};
