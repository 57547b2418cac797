import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/**
 * A model API on loopback that speaks Anthropic's Messages wire and follows a script: the lines of the newest
 * prompt that begin with `%% `. Steps, one per request of the CLI (its tools do the work in between):
 *
 *     %% say TEXT                  the final answer            %% bash COMMAND     calls the shell tool
 *     %% report                    says what it was asked      %% read PATH
 *     %% write PATH :: TEXT        a file of its own           %% edit PATH :: OLD :: NEW
 *
 * and what holds for every answer:
 *
 *     %% err 401|403|429|500|529|ctx     %% hang (never answers)
 *     %% slow PIECES MS                  %% usage IN OUT CACHE_READ CACHE_WRITE
 */
export interface ModelApi {
  url: string;
  /** What the CLI has asked so far, newest last. */
  requests: ModelRequest[];
  close(): Promise<void>;
}

const block = z.looseObject({ type: z.string(), text: z.string().optional() });
const modelRequest = z.object({
  model: z.string(),
  stream: z.boolean().default(false),
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.union([z.string().transform((text) => [{ type: 'text', text }]), z.array(block)]),
    }),
  ),
});
export type ModelRequest = z.infer<typeof modelRequest>;

export const startModelApi = async (): Promise<ModelApi> => {
  const requests: ModelRequest[] = [];
  const server = createServer((request, response) => {
    answer(request, response, requests).catch((error: unknown) => {
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
  const script = readScript(asked);
  const failure = script.modifiers.get('err');
  if (failure !== undefined) {
    const [status, type, message] = FAILURES[failure] ?? [500, 'api_error', 'Unknown failure'];
    // The CLI asks again at once instead of after its own pauses.
    json(response, status, errorBody(type, message), { 'retry-after': '0' });
    return;
  }
  if (script.modifiers.has('hang')) return;
  const message = composed(asked, script);
  if (asked.stream) await streamMessage(response, message, script);
  else json(response, 200, message);
};

const FAILURES: Partial<Record<string, [number, string, string]>> = {
  401: [401, 'authentication_error', 'invalid x-api-key'],
  403: [403, 'permission_error', 'Your API key may not use this resource.'],
  429: [429, 'rate_limit_error', 'This request would exceed your rate limit.'],
  500: [500, 'api_error', 'Internal server error'],
  529: [529, 'overloaded_error', 'Overloaded'],
  ctx: [400, 'invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'],
};

interface Script {
  /** The step whose turn it is; null when the script is over. */
  step: { verb: string; rest: string } | null;
  modifiers: Map<string, string>;
}

const MODIFIERS = new Set(['err', 'hang', 'slow', 'usage']);

/** The script of the newest prompt; as many steps of it are done as tools have answered since. */
const readScript = ({ messages }: ModelRequest): Script => {
  const lines = messages.map(({ role, content }) =>
    role === 'user' ? content.flatMap(({ text }) => text?.match(/^%% .*$/gm) ?? []) : [],
  );
  const at = lines.findLastIndex((found) => found.length > 0);
  const parsed = (lines[at] ?? []).map((line) => {
    const [, verb = '', rest = ''] = /^%% (\w+) ?(.*)$/.exec(line) ?? [];
    return { verb, rest };
  });
  const results = messages.slice(at + 1).flatMap(({ content }) => content);
  const done = results.filter(({ type }) => type === 'tool_result').length;
  return {
    step: parsed.filter(({ verb }) => !MODIFIERS.has(verb))[done] ?? null,
    modifiers: new Map(
      parsed.filter(({ verb }) => MODIFIERS.has(verb)).map(({ verb, rest }) => [verb, rest]),
    ),
  };
};

let count = 0;
const nextId = (kind: string): string => `${kind}_${String(++count).padStart(8, '0')}`;

type Content = { type: 'text'; text: string } | ({ type: 'tool_use'; id: string } & ToolCall);
interface ToolCall {
  name: string;
  input: Record<string, string>;
}
interface Message {
  id: string;
  content: [Content];
  stop_reason: string;
  usage: Record<string, number>;
}

const composed = (asked: ModelRequest, { step, modifiers }: Script): Message => {
  const call = step === null ? null : toolCall(step.verb, step.rest);
  const [input = 1200, output = 34, read = 1000, written = 100] = (modifiers.get('usage') ?? '')
    .split(' ')
    .filter(Boolean)
    .map(Number);
  const base = { id: nextId('msg'), type: 'message', role: 'assistant', model: asked.model };
  return {
    ...{ ...base, stop_sequence: null, stop_reason: call ? 'tool_use' : 'end_turn' },
    content: call
      ? [{ type: 'tool_use', id: nextId('toolu'), ...call }]
      : [{ type: 'text', text: spoken(asked, step) }],
    usage: {
      ...{ input_tokens: input, output_tokens: output },
      ...{ cache_read_input_tokens: read, cache_creation_input_tokens: written },
    },
  };
};

const spoken = (asked: ModelRequest, step: Script['step']): string => {
  if (step?.verb === 'say') return step.rest;
  const said = asked.messages.filter(({ role }) => role === 'assistant').length;
  return `REPORT model=${asked.model} answers-before=${said}`;
};

const toolCall = (verb: string, rest: string): ToolCall | null => {
  const [file_path = '', first = '', second = ''] = rest.split(' :: ');
  switch (verb) {
    case 'bash':
      return { name: 'Bash', input: { command: rest, description: 'A step of the script' } };
    case 'read':
      return { name: 'Read', input: { file_path } };
    case 'write':
      return { name: 'Write', input: { file_path, content: first } };
    case 'edit':
      return { name: 'Edit', input: { file_path, old_string: first, new_string: second } };
    default:
      return null;
  }
};

const streamMessage = async (
  response: ServerResponse,
  message: Message,
  { modifiers }: Script,
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
  const [pieces = 3, pauseMs = 0] = (modifiers.get('slow') ?? '')
    .split(' ')
    .filter(Boolean)
    .map(Number);
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
