import { z } from 'zod';
import { query } from './request-schemas.js';

/** An answer of a list. `nextCursor` is null on the last page. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** The schema of a list's answer, for the OpenAPI document. */
export const pageOf = <S extends z.ZodType>(
  item: S,
): z.ZodObject<{ items: z.ZodArray<S>; nextCursor: z.ZodNullable<z.ZodString> }> =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

/**
 * `limit` and `cursor` of a list that is ordered by a unique key (by default a UUID v7). The parsed `cursor` is the
 * key of the last item that the client has: ask for `limit + 1` rows beyond it and hand them to `page`.
 */
export const pageShape = (
  key: z.ZodType<string, string>,
): {
  limit: z.ZodDefault<z.ZodCoercedNumber<string>>;
  cursor: z.ZodOptional<z.ZodPipe<z.ZodString, z.ZodTransform<string, string>>>;
} => ({
  limit: z.coerce.number<string>().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .max(1_000)
    .transform((cursor, context) => {
      const decoded = key.safeParse(Buffer.from(cursor, 'base64url').toString());
      if (decoded.success) return decoded.data;
      context.addIssue({ code: 'custom', message: 'Not a cursor of this list' });
      return z.NEVER;
    })
    .optional(),
});

/** The query of a list ordered by id; spread `pageQuery.shape` into `query({...})` to add filters. */
export const pageQuery = query(pageShape(z.uuid()));
export type PageQuery = z.infer<typeof pageQuery>;

/** Cuts `limit + 1` rows to a page. Keyed, not counted: rows that come or go in between neither repeat nor vanish. */
export const page = <T>(rows: readonly T[], limit: number, keyOf: (row: T) => string): Page<T> => {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? Buffer.from(keyOf(last)).toString('base64url') : null };
};
