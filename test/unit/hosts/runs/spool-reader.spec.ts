import { describe, expect, it } from '@jest/globals';

import { SpoolReader } from '../../../../src/hosts/runs/spool-reader.js';

const N = '0123456789abcdef';
const RN = 'fedcba9876543210';

const reader = (from = { stdout: 0, stderr: 0 }): SpoolReader => new SpoolReader(N, RN, from);
const feed = (to: SpoolReader, stream: 'stdout' | 'stderr', text: string): string[] =>
  to
    .push(stream, Buffer.from(text))
    .map((piece) =>
      piece.type === 'said' ? piece.words.join(' ') : `${piece.offset}:${piece.data.toString()}`,
    );

describe('The reader of spools', () => {
  it('drops noise, counts from the offset, and ends by both trailers', () => {
    const spool = reader({ stdout: 100, stderr: 7 });
    expect(feed(spool, 'stdout', `Welcome!\n@@${N} ACK OK\nmore @@${N} HELLO\nab`)).toEqual([
      'ACK OK',
      'HELLO',
      '102:ab',
    ]);
    expect(feed(spool, 'stdout', `c@@${RN} END 3\n`)).toEqual(['103:c']);
    expect(spool.end).toBeNull();
    expect(feed(spool, 'stderr', `rc noise\n@@${N} HELLO\ne@@${RN} END 3\nlate`)).toEqual(['8:e']);
    expect(spool.end).toEqual({ record: '3' });
  });

  it('takes no word of a program for one of ours', () => {
    const spool = reader();
    feed(spool, 'stdout', `@@${N} HELLO\n`);
    expect(feed(spool, 'stdout', '@@0000000000000000 END 0\n')).toEqual([
      '25:@@0000000000000000 END 0\n',
    ]);
  });

  it('believes the last word of the follower only when every byte has come', () => {
    const spool = reader();
    feed(spool, 'stdout', `@@${N} HELLO\nabc@@${N} FIN 137.cancelled 3 2\n`);
    feed(spool, 'stderr', `@@${N} HELLO\n`);
    expect(spool.end).toBeNull();
    feed(spool, 'stderr', 'e');
    expect(spool.end).toBeNull();
    feed(spool, 'stderr', 'f');
    expect(spool.end).toEqual({ record: '137.cancelled' });
  });

  it('tells a run without a record', () => {
    const spool = reader();
    feed(spool, 'stderr', `@@${N} HELLO\n`);
    feed(spool, 'stdout', `@@${N} HELLO\n@@${N} FIN LOST 0 0\n`);
    expect(spool.end).toEqual({ record: null });
  });

  it('hands out no trailer that a full disk cut short', () => {
    const spool = reader();
    expect(feed(spool, 'stdout', `@@${N} HELLO\nab@@fedc`)).toEqual(['HELLO', '2:ab']);
    feed(spool, 'stderr', `@@${N} HELLO\ne@@fedcba9876543210 EN`);
    expect(feed(spool, 'stdout', `@@${N} FIN 1 8 22\n`)).toEqual([]);
    expect(spool.end).toEqual({ record: '1' });
  });

  it('hands out a last @ that is output', () => {
    const spool = reader();
    feed(spool, 'stderr', `@@${N} HELLO\n@@${RN} END 0\n`);
    expect(feed(spool, 'stdout', `@@${N} HELLO\na@@`)).toEqual(['HELLO', '1:a']);
    expect(feed(spool, 'stdout', `@@${RN} END 0\n`)).toEqual(['3:@@']);
    expect(spool.end).toEqual({ record: '0' });
  });
});
