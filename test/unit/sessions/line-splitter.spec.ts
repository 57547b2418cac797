import { describe, expect, it } from '@jest/globals';
import { LineSplitter } from '../../../src/modules/sessions/drive/line-splitter.js';

const TEXT = 'first\n\nünïcödé 🙂 "x"\r\nlast without newline';
const BYTES = Buffer.from(TEXT);

const splitterAt = (offset: number): LineSplitter =>
  new LineSplitter(offset, () => {
    throw new Error('No line here is too long');
  });

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
      const splitter = splitterAt(0);
      expect(split(splitter, BYTES, size)).toEqual(['first', '', 'ünïcödé 🙂 "x"\r']);
      expect(splitter.rest()).toEqual(['last without newline']);
      expect(splitter.offset).toBe(BYTES.length);
      expect(splitter.rest()).toEqual([]);
    }
  });

  it('can be gone on with from the offset, wherever the first reader stopped', () => {
    for (let stop = 0; stop <= BYTES.length; stop += 1) {
      const before = splitterAt(0);
      const lines = before.push(BYTES.subarray(0, stop));
      const after = splitterAt(before.offset);
      lines.push(...after.push(BYTES.subarray(before.offset)));
      const last = after.rest();
      expect([...lines, ...last].join('\n')).toBe(TEXT);
    }
  });

  it('do not fill the memory when there is no end of one: it is left out whole, and told', () => {
    const leftOut: string[] = [];
    const splitter = new LineSplitter(10, (start) => leftOut.push(start), 1_000);
    expect(splitter.push(Buffer.from('short\n'))).toEqual(['short']);
    for (let n = 0; n < 10; n += 1) expect(splitter.push(Buffer.alloc(600, 'x'))).toEqual([]);
    // Whoever goes on from here must not take the rest of it for a line.
    expect([splitter.offset, leftOut]).toEqual([16, []]);
    expect(splitter.push(Buffer.from('tail\nnext\n'))).toEqual(['next']);
    expect(splitter.offset).toBe(10 + 6 + 6_005 + 5);
    expect(leftOut).toEqual(['x'.repeat(1_200)]);
    expect(splitter.push(Buffer.alloc(3_000, 'y'))).toEqual([]);
    expect(splitter.rest()).toEqual([]);
    expect(leftOut[1]).toBe('y'.repeat(2_000));
    expect(splitter.offset).toBe(10 + 6 + 6_005 + 5 + 3_000);
  });
});
