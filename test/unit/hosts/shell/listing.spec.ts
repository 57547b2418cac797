import { describe, expect, it } from '@jest/globals';

import { parseListing } from '../../../../src/hosts/shell/shell-files.js';

describe('A listing of a directory', () => {
  it('takes the type of what a link leads to, and tells a broken link', () => {
    const entries = parseListing(
      'l a1ff 3 10 ./link\nl a1ff 9 10 ./broken\nl 81a4 5 11 ./file\nt 41ed 40 12 ./link\nt 81a4 5 11 ./file\n',
    );
    expect(entries).toEqual([
      { name: 'broken', type: 'symlink', size: 9, mtime: 10 },
      { name: 'file', type: 'file', size: 5, mtime: 11 },
      { name: 'link', type: 'directory', size: 40, mtime: 12 },
    ]);
  });

  it('keeps newlines in names, at their end too', () => {
    const entries = parseListing(
      'l 81a4 0 1 ./a\nb\n\nl 81a4 0 1 ./\n\nl 81A4 0 -1 ./l 81a4 0 1 .\nx\n',
    );
    expect(entries.map(({ name }) => name)).toEqual(['\n', 'a\nb\n', 'l 81a4 0 1 .\nx']);
  });

  it('of an empty directory is empty', () => {
    expect(parseListing('')).toEqual([]);
  });
});
