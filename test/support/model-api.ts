import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { anthropicWire } from './anthropic-wire.js';
import { chatWire } from './chat-wire.js';
import { geminiWire } from './gemini-wire.js';
import { responsesWire } from './responses-wire.js';

/** A model API on loopback that speaks the wires of several providers; what it answers is up to a `Model`. */
export interface ModelApi {
  url: string;
  /** What the CLI has asked so far, newest last. */
  requests: ModelRequest[];
  /** The same as they came. */
  bodies: string[];
  close(): Promise<void>;
}

export interface Block {
  type: string;
  text?: string | undefined;
  /** Of a tool's result. */
  content?: unknown;
}

export interface ModelRequest {
  model: string;
  stream: boolean;
  /** Calls of tools and their results are blocks `tool_use` and `tool_result`, whatever the wire calls them. */
  messages: { role: string; content: Block[] }[];
  /** What the CLI lets the model use, by its own names. */
  tools: string[];
  /** How much effort the model is to make; null where the CLI leaves that to it. */
  effort: string | null;
}

/** Answers one request of a CLI, whose tools do the work between two of them. */
export type Model = (asked: ModelRequest) => Reply;

export interface Reply {
  /** The final answer, or a tool that the CLI is to use. */
  does: { say: string } | ToolCall;
  failure?: FailureName;
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

/** In the words of Claude Code; the wire of another CLI says it with the tools of that one. */
export interface ToolCall {
  name: 'Bash' | 'Read' | 'Write' | 'Edit';
  input: Record<string, string>;
  /** On the wire of Chat Completions: by this name instead, which only the CLI that asks knows. */
  own?: string;
}

export const FAILURES = ['401', '403', '429', '500', '529', 'ctx'] as const;
export type FailureName = (typeof FAILURES)[number];

/** How one provider's API is asked and answers. */
export interface Wire {
  path: RegExp;
  parse(body: unknown, path: string): ModelRequest;
  refusal(failure: FailureName): Refusal;
  limited(untilEpochSeconds: number): Refusal;
  notHere(): object;
  whole(asked: ModelRequest, reply: Reply): object;
  stream(asked: ModelRequest, reply: Reply, gone: AbortSignal): AsyncIterable<object>;
  /** What its streams end with, where that is no event. */
  farewell?: string;
}

export interface Refusal {
  status: number;
  body: object;
  headers?: Record<string, string>;
}

const WIRES: readonly Wire[] = [anthropicWire, responsesWire, geminiWire, chatWire];

export const startModelApi = async (model: Model): Promise<ModelApi> => {
  const requests: ModelRequest[] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    answer(request, response, model, { requests, bodies }).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    bodies,
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
  heard: Pick<ModelApi, 'requests' | 'bodies'>,
): Promise<void> => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const wire = WIRES.find(({ path }) => path.test(pathname));
  if (request.method !== 'POST' || !wire) {
    const status = request.method === 'HEAD' ? 200 : 404;
    json(response, { status, body: (wire ?? anthropicWire).notHere() });
    return;
  }
  const asked = wire.parse(JSON.parse(body), pathname);
  heard.requests.push(asked);
  heard.bodies.push(body);
  const reply = model(asked);
  if (reply.limitedUntil !== undefined) json(response, wire.limited(reply.limitedUntil));
  else if (reply.failure !== undefined) json(response, wire.refusal(reply.failure));
  else if (reply.hangs) return;
  else if (!asked.stream) json(response, { status: 200, body: wire.whole(asked, reply) });
  else await sendEvents(response, wire, asked, reply);
};

const sendEvents = async (
  response: ServerResponse,
  wire: Wire,
  asked: ModelRequest,
  reply: Reply,
): Promise<void> => {
  const gone = new AbortController();
  response.on('close', () => {
    gone.abort();
  });
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_1' });
  for await (const event of wire.stream(asked, reply, gone.signal)) {
    const name = 'type' in event ? `event: ${String(event.type)}\n` : '';
    response.write(`${name}data: ${JSON.stringify(event)}\n\n`);
  }
  if (wire.farewell !== undefined) response.write(`data: ${wire.farewell}\n\n`);
  response.end();
};

const json = (response: ServerResponse, { status, body, headers = {} }: Refusal): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};
