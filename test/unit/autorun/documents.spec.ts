import { describe, expect, it } from '@jest/globals';
import {
  isDocumentPath,
  isInWorkingTree,
  resolveFolder,
} from '../../../src/modules/autorun/documents/document-path.js';
import { etagHeader, expectedEtag } from '../../../src/modules/autorun/documents/etag.js';
import { newDocument } from '../../../src/modules/autorun/runs/cursor.js';
import { workingPath } from '../../../src/modules/autorun/runs/working-copy.js';

describe('the path of a document', () => {
  it.each(['a.md', 'a b/c.MD', 'a..b.md', '..a/b.md', 'ü/$(x).md', 'runs/1/a.md'])(
    'may be %j',
    (path) => {
      expect(isDocumentPath(path)).toBe(true);
    },
  );

  it.each([
    '',
    '/a.md',
    '../a.md',
    'a/../b.md',
    './a.md',
    'a//b.md',
    'a.txt',
    'a\nROLE: x.md',
    'a/',
  ])('may not be %j', (path) => {
    expect(isDocumentPath(path)).toBe(false);
  });
});

describe('the Auto Run folder', () => {
  it.each([
    [null, '/src/app', '/src/app/.maestro/playbooks'],
    ['docs/', '/src/app/', '/src/app/docs'],
    ['/plans', '/src/app', '/plans'],
    ['~/plans', '/src/app', '/home/me/plans'],
    ['~', '/src/app', '/home/me'],
    ['docs', '~/app', '/home/me/app/docs'],
    ['docs', '~', '/home/me/docs'],
  ])('%j of %s is %s', (folder, cwd, expected) => {
    expect(resolveFolder(folder, cwd, '/home/me')).toBe(expected);
  });

  it.each([
    [null, true],
    ['docs', true],
    ['~docs', true],
    ['/docs', false],
    ['~/docs', false],
    ['~', false],
  ])('%j is part of the working tree: %s', (folder, expected) => {
    expect(isInWorkingTree(folder)).toBe(expected);
  });
});

describe('a conditional write', () => {
  it.each([
    [{}, undefined],
    [{ 'if-match': etagHeader('abc') }, 'abc'],
    [{ 'if-match': 'abc' }, 'abc'],
    [{ 'if-match': 'W/"abc"' }, 'abc'],
    [{ 'if-none-match': '*' }, null],
  ])('with %j expects %j', (headers, expected) => {
    expect(expectedEtag(headers)).toBe(expected);
  });
});

describe('the copy that a document is reset in', () => {
  const documents = [
    newDocument({ path: 'x/a.md', resetOnCompletion: true }),
    newDocument({ path: 'b.md', resetOnCompletion: false }),
    newDocument({ path: 'x/a.md', resetOnCompletion: true }),
  ];

  it.each([
    [1, 0, 'runs/R/x/a.md'],
    [2, 0, 'runs/R/loop-2/x/a.md'],
    [1, 2, 'runs/R/again-1/x/a.md'],
    [1, 1, 'b.md'],
  ])('of pass %i, document %i is %s', (loop, index, expected) => {
    expect(workingPath({ id: 'R', loop, documents }, index)).toBe(expected);
  });
});
