import { z } from 'zod';

/** A body: every field that it does not name is a 422. */
export const body = <S extends z.core.$ZodLooseShape>(shape: S): z.ZodObject<S, z.core.$strict> =>
  z.strictObject(shape);

/** The query string: every parameter that it does not name is a 422. Values are text: use `z.coerce`. */
export const query = body;

/** `@Param('id', { schema: id }) id: string`; a malformed one answers 404. */
export const id = z.uuid();
