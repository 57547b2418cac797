import { type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { InvalidRequest, NothingHere } from './http.errors.js';

/** More would help nobody, and a hostile body could make millions. */
const MAX_ERRORS = 50;

/**
 * Checks what has a zod schema (`@Body({ schema })`, `@Query({ schema })`, `@Param('id', { schema })`) and hands the
 * parsed value on. A body or query out of bounds is a 422 that points at each fault; a malformed path parameter is a
 * 404, since nothing can have that id.
 */
export class ZodPipe implements PipeTransform {
  async transform(value: unknown, { schema, type, data }: ArgumentMetadata): Promise<unknown> {
    if (!(schema instanceof z.ZodType)) return value;
    const result = await schema.safeParseAsync(value);
    if (result.success) {
      if (type === 'body') refuseBrokenText(value);
      return result.data;
    }
    if (type === 'param') throw new NothingHere(`${data ?? 'path'} ${JSON.stringify(value)}`);
    throw toInvalidRequest(result.error, type === 'query' ? queryPointer : jsonPointer, data);
  }
}

/** RFC 6901. */
export const jsonPointer = (path: PropertyKey[]): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Half of a pair is no text: UTF-8 has no bytes for it, and PostgreSQL takes none. */
const HALF_PAIR = /\p{Surrogate}/u;

/** @param body what its schema has accepted, so that it is not nested without end */
const refuseBrokenText = (body: unknown): void => {
  const broken = brokenTexts(body, []).slice(0, MAX_ERRORS);
  if (broken.length === 0) return;
  const detail = 'Must be well-formed Unicode: it holds half of a surrogate pair';
  throw new InvalidRequest(broken.map((path) => ({ pointer: jsonPointer(path), detail })));
};

const brokenTexts = (value: unknown, path: PropertyKey[]): PropertyKey[][] => {
  if (typeof value === 'string') return HALF_PAIR.test(value) ? [path] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(HALF_PAIR.test(key) ? [path] : []),
    ...brokenTexts(inner, [...path, key]),
  ]);
};

const queryPointer = (path: PropertyKey[]): string => `?${path.map(String).join('.')}`;

export const toInvalidRequest = (
  { issues }: z.ZodError,
  pointerOf: (path: PropertyKey[]) => string = jsonPointer,
  root?: string,
): InvalidRequest =>
  new InvalidRequest(
    issues
      .slice(0, MAX_ERRORS)
      .flatMap((issue) => faults(issue, root === undefined ? [] : [root]))
      .slice(0, MAX_ERRORS)
      .map(({ path, detail }) => ({ pointer: pointerOf(path), detail })),
  );

interface Fault {
  path: PropertyKey[];
  detail: string;
}

/** An unknown field is pointed at by name; of a union, the branch that came nearest is reported. */
const faults = (issue: z.core.$ZodIssue, parent: PropertyKey[]): Fault[] => {
  const path = [...parent, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], detail: 'Unknown field' }));
  }
  if (issue.code === 'invalid_union') {
    const [nearest] = issue.errors.filter((branch) => branch.length > 0).sort(byDistance);
    if (nearest) return nearest.flatMap((inner) => faults(inner, path));
  }
  return [{ path, detail: issue.message }];
};

/** A branch that fails as a whole (wrong type at its root) is farther away than one with a fault inside. */
const byDistance = (a: z.core.$ZodIssue[], b: z.core.$ZodIssue[]): number => {
  const atRoot = (issues: z.core.$ZodIssue[]): number =>
    issues.some(({ path, code }) => path.length === 0 && code !== 'unrecognized_keys') ? 1 : 0;
  return atRoot(a) - atRoot(b) || a.length - b.length;
};
