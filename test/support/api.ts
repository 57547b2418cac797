import { setTimeout as pause } from 'node:timers/promises';

export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: T;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Speaks to a server under test as a client's script would. */
export class Api {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  async call<T = Record<string, unknown>>(
    method: Method,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? {} : JSON.parse(text)) as T,
    };
  }

  /** The body of an answer that must be a success. */
  async ok<T = Record<string, unknown>>(method: Method, path: string, body?: unknown): Promise<T> {
    const answer = await this.call<T>(method, path, body);
    if (answer.status >= 300) {
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  get<T = Record<string, unknown>>(path: string): Promise<T> {
    return this.ok<T>('GET', path);
  }

  post<T = Record<string, unknown>>(path: string, body: unknown = {}): Promise<T> {
    return this.ok<T>('POST', path, body);
  }

  /** Reads `path` until what it answers satisfies `enough`. */
  async until<T>(path: string, enough: (body: T) => boolean, limitMs = 90_000): Promise<T> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const body = await this.get<T>(path);
      if (enough(body)) return body;
      if (Date.now() > deadline) {
        throw new Error(`${path} did not come to it within ${limitMs} ms: ${JSON.stringify(body)}`);
      }
      await pause(50);
    }
  }
}

export interface SeenTurn {
  id: string;
  state: string;
  text: string | null;
  error: { code: string; message: string; hint?: string } | null;
  host: { kind: string; remoteId: string | null; hostname: string | null };
  attempts: number;
  exitCode: number | null;
}

const ENDED = ['completed', 'failed', 'cancelled', 'lost'];

export const turnEnded = (api: Api, turnId: string, limitMs?: number): Promise<SeenTurn> =>
  api.until<SeenTurn>(`/turns/${turnId}`, ({ state }) => ENDED.includes(state), limitMs);
