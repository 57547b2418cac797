import { describe, expect, it } from '@jest/globals';
import { LineSplitter } from '../../../src/modules/sessions/drive/line-splitter.js';

const TEXT = 'first\n\nünïcödé 🙂 "x"\r\nlast without newline';
const BYTES = Buffer.from(TEXT);

const split = (splitter: LineSplitter, bytes: Buffer, size: number): string[] => {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    lines.push(...splitter.push(bytes.subarray(at, at + size)));
  }
  return lines;
};

describe('lines of an agent', () => {
  it('are the same however its bytes arrive', () => {
    for (let size = 1; size <= BYTES.length; size += 1) {
      const splitter = new LineSplitter(0);
      expect(split(splitter, BYTES, size)).toEqual(['first', '', 'ünïcödé 🙂 "x"\r']);
      expect(splitter.rest()).toBe('last without newline');
      expect(splitter.offset).toBe(BYTES.length);
      expect(splitter.rest()).toBeNull();
    }
  });

  it('can be gone on with from the offset, wherever the first reader stopped', () => {
    for (let stop = 0; stop <= BYTES.length; stop += 1) {
      const before = new LineSplitter(0);
      const lines = before.push(BYTES.subarray(0, stop));
      const after = new LineSplitter(before.offset);
      lines.push(...after.push(BYTES.subarray(before.offset)));
      const rest = after.rest();
      expect([...lines, rest].join('\n')).toBe(TEXT);
    }
  });

  it('do not fill the memory when there is no end of one, and the offset stays true', () => {
    const splitter = new LineSplitter(0, 1_000);
    for (let n = 0; n < 10; n += 1) expect(splitter.push(Buffer.alloc(600, 'x'))).toEqual([]);
    expect(splitter.offset).toBe(6_000);
    expect(splitter.push(Buffer.from('tail\nnext\n'))).toEqual(['tail', 'next']);
    expect(splitter.offset).toBe(6_010);
  });
});
