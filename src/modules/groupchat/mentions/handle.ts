/** Two names that a reader takes for the same fold to the same text: compatibility forms and case do not count. */
export const fold = (text: string): string =>
  text.normalize('NFKC').toUpperCase().normalize('NFKC');

/** A name in one word, as it is written behind an `@`. */
export const handleOf = (name: string): string => {
  const word = name
    .normalize('NFKC')
    .trim()
    .replaceAll(/[\s@:]+/g, '-');
  return word === '' || word === '-' ? 'agent' : word;
};

/** The handles of a chat: no two that a reader could take for each other. */
export class Handles {
  private readonly folded: Set<string>;

  constructor(taken: Iterable<string>) {
    this.folded = new Set([...taken].map(fold));
  }

  /** Takes a free handle for the name: `Backend`, else `Backend-2`, `Backend-3` and so on. */
  take(name: string): string {
    const handle = handleOf(name);
    for (let count = 1; ; count += 1) {
      const candidate = count === 1 ? handle : `${handle}-${count}`;
      if (this.folded.has(fold(candidate))) continue;
      this.folded.add(fold(candidate));
      return candidate;
    }
  }
}
