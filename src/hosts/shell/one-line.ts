/**
 * Joins a readable script into the one line that a loader evaluates: comment lines and indentation go, so every
 * statement must end in `;`, `{`, `do` and the like. Scripts are read by the host byte by byte: keep them short.
 */
export const oneLine = (...parts: string[]): string =>
  parts
    .flatMap((part) => part.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join(' ');
