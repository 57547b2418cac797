import { describe, expect, it } from '@jest/globals';

import { MarkerParser, type Segment } from '../../../../src/hosts/shell/marker-parser.js';

const N = '0123456789abcdef';
const M = 'fedcba9876543210';

/** Bytes joined, as how a stream was cut into pieces says nothing. */
const joined = (segments: Segment[]): (string | string[])[] => {
  const out: (string | string[])[] = [];
  for (const segment of segments) {
    if (segment.kind === 'marker') out.push([segment.nonce, ...segment.words]);
    else if (typeof out.at(-1) === 'string')
      out.push(String(out.pop()) + segment.data.toString('latin1'));
    else out.push(segment.data.toString('latin1'));
  }
  return out;
};

describe('The parser of marker lines', () => {
  const stream = Buffer.from(
    `noise\n@@@${N} ACK OK\n\xff\0@@${N}x @@ab@@${M} END 0\n@@${N} FIN 0 1 2\ntail`,
    'latin1',
  );
  const expected = [
    'noise\n@',
    [N, 'ACK', 'OK'],
    `\xff\0@@${N}x @@ab`,
    [M, 'END', '0'],
    [N, 'FIN', '0', '1', '2'],
    'tail',
  ];

  it.each([1, 2, 3, 7, 19, 20, 1000])('finds the same in chunks of %i bytes', (size) => {
    const parser = new MarkerParser([N, M]);
    const segments: Segment[] = [];
    for (let at = 0; at < stream.length; at += size) {
      segments.push(...parser.push(stream.subarray(at, at + size)));
    }
    expect(joined(segments)).toEqual(expected);
  });

  it('holds back only what may become a marker', () => {
    const parser = new MarkerParser([N]);
    expect(joined(parser.push(Buffer.from('abc@@0123')))).toEqual(['abc']);
    expect(parser.held.toString()).toBe('@@0123');
    expect(joined(parser.push(Buffer.from('5')))).toEqual(['@@01235']);
    expect(parser.held).toHaveLength(0);
  });

  it('waits for the end of a marker line', () => {
    const parser = new MarkerParser([N]);
    expect(parser.push(Buffer.from(`@@${N} FIN 0`))).toEqual([]);
    expect(joined(parser.push(Buffer.from('\nx')))).toEqual([[N, 'FIN', '0'], 'x']);
  });
});
