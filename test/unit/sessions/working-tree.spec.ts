import { expect, it } from '@jest/globals';
import { workingTree } from '../../../src/modules/sessions/working-tree.js';

it('names a directory the same however it is spelled, and differently on each host', () => {
  const spellings = ['/a/b', '/a/b/', '/a//b', '/a/./b', '/a/c/../b'];
  expect(new Set(spellings.map((cwd) => workingTree(null, cwd))).size).toBe(1);
  expect(workingTree(null, '/')).toBe('local:/');
  expect(workingTree(null, '/a/b')).not.toBe(workingTree('remote', '/a/b'));
  expect(workingTree(null, '/a')).not.toBe(workingTree(null, '/a/b'));
});
