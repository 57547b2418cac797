import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { DomainError } from '../errors/index.js';

/** RFC 9457. `code` is stable and is what programs look at; `title` and `detail` are for people. */
export const problemSchema = z
  .object({
    type: z.string().describe('`urn:maestro:problem:` and the code with `:` for `/`'),
    title: z.string().describe('The name of the HTTP status'),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe('Stable, `area/what-happened`'),
    hint: z.string().optional().describe('What to do about it'),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .describe('JSON pointers into the body, or `?name` for a query parameter'),
    requestId: z.string(),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problemSchema>;

/** What the request was, as far as an answer may name it. */
export interface RequestFacts {
  requestId: string;
  method: string;
  path: string;
}

/** The answer for anything that was thrown; null for a bug, whose facts are for the log only. */
export const toProblem = (error: unknown, request: RequestFacts): Problem | null => {
  if (error instanceof DomainError) return ofDomainError(error, request.requestId);
  if (error instanceof HttpException && error.getStatus() < 500) {
    return { ...ofHttpException(error, request), requestId: request.requestId };
  }
  return null;
};

export const ofDomainError = (error: DomainError, requestId: string): Problem => {
  const { code, status, message, hint, errors } = error;
  return {
    ...base(code, status, message),
    ...(hint !== undefined && { hint }),
    ...(errors !== undefined && { errors }),
    requestId,
  };
};

/** The answer for a bug says nothing about the inside. */
export const bugProblem = (requestId: string): Problem => ({
  ...base('server/bug', 500, 'The server made a mistake'),
  hint: `Look for the request id ${requestId} in the server's log, and report it.`,
  requestId,
});

/** Sends a problem; it may hold members of its own besides the fixed ones. */
export const sendProblem = (
  response: Response,
  problem: Problem & Record<string, unknown>,
): void => {
  if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
};

type Bare = Omit<Problem, 'requestId'>;

const base = (code: string, status: number, detail: string): Bare => ({
  type: `urn:maestro:problem:${code.replaceAll('/', ':')}`,
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail,
  code,
});

/** What the framework and its body parser throw by themselves. */
const ofHttpException = (error: HttpException, { method, path }: RequestFacts): Bare => {
  const status = error.getStatus();
  if (isUnparsable(error.cause)) {
    return {
      ...base('http/malformed-json', status, `The body is not JSON: ${error.message}`),
      errors: [{ pointer: '', detail: 'not a JSON object or array' }],
    };
  }
  switch (status) {
    case 404:
      return base('http/not-found', status, `There is nothing at ${method} ${path}`);
    case 413:
      return base('http/body-too-large', status, 'The body is larger than this server takes');
    default:
      return base(`http/${slug(STATUS_CODES[status] ?? 'rejected')}`, status, error.message);
  }
};

const isUnparsable = (cause: unknown): boolean =>
  cause instanceof SyntaxError && 'type' in cause && cause.type === 'entity.parse.failed';

const slug = (title: string): string => title.toLowerCase().replaceAll(/[^a-z]+/g, '-');
