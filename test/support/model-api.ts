import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** A model API on loopback that speaks Anthropic's Messages wire; what it answers is up to a `Model`. */
export interface ModelApi {
  url: string;
  /** What the CLI has asked so far, newest last. */
  requests: ModelRequest[];
  close(): Promise<void>;
}

const block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  /** Of a tool's result. */
  content: z.unknown().optional(),
});
export type Block = z.infer<typeof block>;
const modelRequest = z.object({
  model: z.string(),
  stream: z.boolean().default(false),
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.union([
        z.string().transform((text): Block[] => [{ type: 'text', text }]),
        z.array(block),
      ]),
    }),
  ),
  /** What the CLI lets the model use. */
  tools: z.array(z.looseObject({ name: z.string() }).transform(({ name }) => name)).default([]),
});
export type ModelRequest = z.infer<typeof modelRequest>;

/** Answers one request of a CLI, whose tools do the work between two of them. */
export type Model = (asked: ModelRequest) => Reply;

export interface Reply {
  /** The final answer, or a tool that the CLI is to use. */
  does: { say: string } | ToolCall;
  failure?: keyof typeof FAILURES;
  /** Refuses by the limit of a subscription, which resets at that epoch second. */
  limitedUntil?: number;
  /** Never answers. */
  hangs?: boolean;
  /** In how many pieces it is streamed, with a pause before each. */
  pieces?: number;
  pauseMs?: number;
  /** Tokens: fresh, of the answer, read from the cache, written to it. */
  usage?: number[];
}

export interface ToolCall {
  name: 'Bash' | 'Read' | 'Write' | 'Edit';
  input: Record<string, string>;
}

export const startModelApi = async (model: Model): Promise<ModelApi> => {
  const requests: ModelRequest[] = [];
  const server = createServer((request, response) => {
    answer(request, response, model, requests).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((closed) => {
        server.close(() => {
          closed();
        });
        server.closeAllConnections();
      }),
  };
};

const answer = async (
  request: IncomingMessage,
  response: ServerResponse,
  model: Model,
  requests: ModelRequest[],
): Promise<void> => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  if (request.method !== 'POST' || pathname !== '/v1/messages') {
    json(response, request.method === 'HEAD' ? 200 : 404, errorBody('not_found_error', 'Not here'));
    return;
  }
  const asked = modelRequest.parse(JSON.parse(body));
  requests.push(asked);
  const reply = model(asked);
  if (reply.limitedUntil !== undefined) {
    const [status, type, message] = FAILURES[429];
    json(response, status, errorBody(type, message), {
      'anthropic-ratelimit-unified-status': 'rejected',
      'anthropic-ratelimit-unified-reset': String(reply.limitedUntil),
      'anthropic-ratelimit-unified-representative-claim': 'five_hour',
    });
    return;
  }
  if (reply.failure !== undefined) {
    const [status, type, message] = FAILURES[reply.failure];
    // The CLI asks again at once instead of after its own pauses.
    json(response, status, errorBody(type, message), { 'retry-after': '0' });
    return;
  }
  if (reply.hangs) return;
  const message = composed(asked, reply);
  if (asked.stream) await streamMessage(response, message, reply);
  else json(response, 200, message);
};

export const FAILURES = {
  401: [401, 'authentication_error', 'invalid x-api-key'],
  403: [403, 'permission_error', 'Your API key may not use this resource.'],
  429: [429, 'rate_limit_error', 'This request would exceed your rate limit.'],
  500: [500, 'api_error', 'Internal server error'],
  529: [529, 'overloaded_error', 'Overloaded'],
  ctx: [400, 'invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'],
} as const;

let count = 0;
const nextId = (kind: string): string => `${kind}_${String(++count).padStart(8, '0')}`;

type Content = { type: 'text'; text: string } | ({ type: 'tool_use'; id: string } & ToolCall);
interface Message {
  id: string;
  content: [Content];
  stop_reason: string;
  usage: Record<string, number>;
}

const composed = (asked: ModelRequest, { does, usage = [] }: Reply): Message => {
  const [input = 1200, output = 34, read = 1000, written = 100] = usage;
  const base = { id: nextId('msg'), type: 'message', role: 'assistant', model: asked.model };
  const says = 'say' in does;
  return {
    ...{ ...base, stop_sequence: null, stop_reason: says ? 'end_turn' : 'tool_use' },
    content: says
      ? [{ type: 'text', text: does.say }]
      : [{ type: 'tool_use', id: nextId('toolu'), ...does }],
    usage: {
      ...{ input_tokens: input, output_tokens: output },
      ...{ cache_read_input_tokens: read, cache_creation_input_tokens: written },
    },
  };
};

const streamMessage = async (
  response: ServerResponse,
  message: Message,
  { pieces = 3, pauseMs = 0 }: Reply,
): Promise<void> => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': nextId('req') });
  const send = (type: string, fields: object): void => {
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
  };
  const { content, stop_reason, usage } = message;
  const [part] = content;
  const opening = { ...message, content: [], stop_reason: null };
  send('message_start', { message: { ...opening, usage: { ...usage, output_tokens: 1 } } });
  const empty = part.type === 'text' ? { ...part, text: '' } : { ...part, input: {} };
  send('content_block_start', { index: 0, content_block: empty });
  const whole = part.type === 'text' ? part.text : JSON.stringify(part.input);
  const size = Math.max(1, Math.ceil(whole.length / pieces));
  const gone = new AbortController();
  response.on('close', () => {
    gone.abort();
  });
  for (let at = 0; at < whole.length; at += size) {
    if (pauseMs > 0) await sleep(pauseMs, undefined, { signal: gone.signal });
    const piece = whole.slice(at, at + size);
    const delta =
      part.type === 'text'
        ? { type: 'text_delta', text: piece }
        : { type: 'input_json_delta', partial_json: piece };
    send('content_block_delta', { index: 0, delta });
  }
  send('content_block_stop', { index: 0 });
  send('message_delta', { delta: { stop_reason, stop_sequence: null }, usage });
  send('message_stop', {});
  response.end();
};

const errorBody = (type: string, message: string): object => ({
  type: 'error',
  error: { type, message },
});

const json = (
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};
