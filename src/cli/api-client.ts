import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { ApiProblem } from './api-problem.js';
import { CliFailure } from './cli-failure.js';
import { EXIT } from './exit-codes.js';

export type Query = Record<string, string | number | boolean | undefined>;

interface Request {
  method: string;
  path: string;
  query?: Query;
  body?: unknown;
  headers?: Record<string, string>;
}

/** How long a server that has answered before may be away (a restart) before a safe request gives up. */
const PATIENCE_MS = 15_000;

/**
 * The server's REST API. Throws `ApiProblem` for its refusals and `CliFailure` (exit 9) when it cannot be reached.
 * Requests that may be repeated are, while a known server restarts: reads, and writes under an idempotency key.
 */
export class ApiClient {
  private answered = false;

  constructor(
    readonly server: string,
    readonly token: string | null,
    private readonly signal?: AbortSignal,
  ) {}

  get<S extends z.ZodType>(path: string, shape: S, query?: Query): Promise<z.infer<S>> {
    return this.read({ method: 'GET', path, ...(query && { query }) }, shape);
  }

  post<S extends z.ZodType>(path: string, body: unknown, shape: S): Promise<z.infer<S>> {
    return this.read({ method: 'POST', path, body }, shape);
  }

  /** A POST that starts work: repeated with one key, it starts it once. */
  start<S extends z.ZodType>(path: string, body: unknown, shape: S): Promise<z.infer<S>> {
    const headers = { 'idempotency-key': randomUUID() };
    return this.read({ method: 'POST', path, body, headers }, shape);
  }

  put<S extends z.ZodType>(path: string, body: unknown, shape: S): Promise<z.infer<S>> {
    return this.read({ method: 'PUT', path, body }, shape);
  }

  patch<S extends z.ZodType>(path: string, body: unknown, shape: S): Promise<z.infer<S>> {
    return this.read({ method: 'PATCH', path, body }, shape);
  }

  async delete(path: string, query?: Query): Promise<void> {
    await this.send({ method: 'DELETE', path, ...(query && { query }) });
  }

  /** Every item of a list, page by page. */
  async *list<S extends z.ZodType>(
    path: string,
    shape: S,
    query: Query = {},
  ): AsyncGenerator<z.infer<S>, void> {
    const pageShape = z.object({ items: z.array(shape), nextCursor: z.string().nullish() });
    let cursor: string | undefined;
    do {
      const page = await this.get(path, pageShape, { limit: 200, ...query, cursor });
      yield* page.items;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  async all<S extends z.ZodType>(path: string, shape: S, query?: Query): Promise<z.infer<S>[]> {
    const items: z.infer<S>[] = [];
    for await (const item of this.list(path, shape, query)) items.push(item);
    return items;
  }

  private async read<S extends z.ZodType>(request: Request, shape: S): Promise<z.infer<S>> {
    const { body } = await this.send(request);
    const parsed = shape.safeParse(body);
    if (parsed.success) return parsed.data;
    throw new CliFailure(
      EXIT.error,
      `${request.method} ${request.path} gave an answer that this version of maestro does not understand: ` +
        z.prettifyError(parsed.error).replaceAll('\n', ' '),
      { hint: 'Use the same version of the command line and of the server.' },
    );
  }

  /** Also answers probes like `/readyz`, which are outside of the API's base path. */
  async probe(path: string): Promise<{ status: number; body: unknown }> {
    const response = await this.fetch(new URL(path, this.server), { method: 'GET', path });
    return { status: response.status, body: await bodyOf(response) };
  }

  private async send(request: Request): Promise<{ status: number; body: unknown }> {
    const url = new URL(`/api/v1${request.path}`, this.server);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const response = await this.patiently(request, () => this.fetch(url, request));
    const body = await bodyOf(response);
    if (!response.ok) throw ApiProblem.of(response.status, body);
    return { status: response.status, body };
  }

  private async patiently(request: Request, ask: () => Promise<Response>): Promise<Response> {
    const repeatable = request.method === 'GET' || request.headers?.['idempotency-key'];
    const deadline = Date.now() + (repeatable && this.answered ? PATIENCE_MS : 0);
    for (;;) {
      try {
        const response = await ask();
        this.answered = true;
        return response;
      } catch (error) {
        this.signal?.throwIfAborted();
        if (Date.now() >= deadline) throw error;
        await pause(250, undefined, this.signal && { signal: this.signal });
      }
    }
  }

  private async fetch(url: URL, { method, body, headers }: Request): Promise<Response> {
    try {
      return await fetch(url, {
        method,
        headers: {
          accept: 'application/json',
          ...(this.token !== null && { authorization: `Bearer ${this.token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(this.signal && { signal: this.signal }),
      });
    } catch (error) {
      this.signal?.throwIfAborted();
      throw unreachable(this.server, error);
    }
  }
}

export const unreachable = (server: string, error: unknown): CliFailure =>
  new CliFailure(EXIT.unreachable, `No Maestro server answers at ${server} (${reasonOf(error)})`, {
    hint: 'Start one with `maestro serve`, or name another with --server or MAESTRO_URL.',
    cause: error,
  });

const reasonOf = (error: unknown): string => {
  const { cause, message } = error instanceof Error ? error : new Error(String(error));
  if (cause instanceof AggregateError && 'code' in cause) return String(cause.code);
  return cause instanceof Error ? cause.message || message : message;
};

const bodyOf = async (response: Response): Promise<unknown> => {
  const text = await response.text();
  try {
    return text === '' ? null : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
};
