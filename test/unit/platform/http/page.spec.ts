import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { page, pageQuery } from '../../../../src/platform/http/index.js';

const rows = Array.from({ length: 3 }, () => ({ id: uuidv7() }));
const keyOf = ({ id }: { id: string }): string => id;

describe('page', () => {
  it('gives a cursor that leads behind its last item while there is more', () => {
    const { items, nextCursor } = page(rows, 2, keyOf);
    expect(items).toEqual(rows.slice(0, 2));
    expect(pageQuery.parse({ cursor: nextCursor })).toEqual({ limit: 50, cursor: rows[1]?.id });
  });

  it('gives no cursor on the last page', () => {
    expect(page(rows, 3, keyOf)).toEqual({ items: rows, nextCursor: null });
    expect(page([], 3, keyOf)).toEqual({ items: [], nextCursor: null });
  });

  it.each(['x', Buffer.from('7').toString('base64url'), ''])('refuses the cursor %j', (cursor) => {
    expect(pageQuery.safeParse({ cursor }).error?.issues).toMatchObject([{ path: ['cursor'] }]);
  });

  it.each(['0', '201', '1.5', 'x', ''])('refuses the limit %j', (limit) => {
    expect(pageQuery.safeParse({ limit }).success).toBe(false);
  });
});
