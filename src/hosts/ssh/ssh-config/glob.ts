import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Files of an absolute path with `*`, `?` and `[...]` in it: in the order of their bytes, hidden ones left out. */
export const filesMatching = async (pattern: string): Promise<string[]> => {
  let found = ['/'];
  for (const segment of pattern.split('/').filter(Boolean)) {
    found = /[*?[]/.test(segment)
      ? (await Promise.all(found.map((directory) => entriesOf(directory, segment)))).flat()
      : found.map((directory) => join(directory, segment.replace(/\\(.)/g, '$1')));
  }
  const present = await Promise.all(found.map((path) => lstat(path).catch(() => null)));
  return found.filter((_, index) => present[index] !== null);
};

const entriesOf = async (directory: string, segment: string): Promise<string[]> => {
  const fits = segmentExpression(segment);
  const names = await readdir(directory).catch((): string[] => []);
  return names
    .filter((name) => fits.test(name) && (segment.startsWith('.') || !name.startsWith('.')))
    .sort()
    .map((name) => join(directory, name));
};

const segmentExpression = (segment: string): RegExp => {
  const source = segment.replace(
    /\\(?<escaped>.)|\[(?<not>[!^]?)(?<set>\]?[^\]]+)\]|(?<wild>[*?])|(?<plain>[^])/g,
    (...match) => {
      const { escaped, not, set, wild, plain } = match.at(-1) as Record<string, string | undefined>;
      if (wild !== undefined) return wild === '*' ? '.*' : '.';
      if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\[\]^]/g, '\\$&')}]`;
      return (escaped ?? plain ?? '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    },
  );
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    // A range like [z-a] fits nothing.
    return /^(?!)/;
  }
};
