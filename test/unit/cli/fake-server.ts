import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { Server as Sockets } from 'socket.io';
import { runCli } from '../../../src/cli/program.js';
import { type World } from '../../../src/cli/world.js';

export interface Call {
  method: string;
  /** Without the base path of the API. */
  path: string;
  query: URLSearchParams;
  body: unknown;
  authorization: string | undefined;
  idempotencyKey: string | undefined;
}

export interface LoggedEvent {
  stream: string;
  seq: number;
  type: string;
  at: string;
  data: object;
}

type Answer = { status?: number; body?: unknown };
type Handler = (call: Call) => Answer;

/** An API of answers that the test gives, with a real event log over socket.io. */
export class FakeServer {
  readonly calls: Call[] = [];
  readonly token: string = 'good-token';
  private readonly routes = new Map<string, Handler>();
  private readonly logs = new Map<string, LoggedEvent[]>();
  private readonly http = createServer((request, response) => void this.answer(request, response));
  private sockets = this.listenToSockets();

  static async start(): Promise<FakeServer> {
    const server = new FakeServer();
    await server.listen(0);
    return server;
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** `on('GET /sessions', ...)`; the latest handler of a route counts. */
  on(route: string, handler: Handler | Answer): this {
    this.routes.set(route, typeof handler === 'function' ? handler : () => handler);
    return this;
  }

  list(path: string, items: readonly object[]): this {
    return this.on(`GET ${path}`, { body: { items, nextCursor: null } });
  }

  /** Appends to a stream and tells those who follow it. */
  append(stream: string, type: string, data: object = {}): LoggedEvent {
    const log = this.logs.get(stream) ?? [];
    const event = { stream, seq: log.length + 1, type, at: new Date().toISOString(), data };
    this.logs.set(stream, [...log, event]);
    this.sockets.to(stream).emit('event', event);
    return event;
  }

  /** Drops every socket, as a restart does. */
  dropSockets(): void {
    this.sockets.disconnectSockets(true);
  }

  /** Sends something that is not in the log. */
  emit(stream: string, event: string, data: object): void {
    this.sockets.to(stream).emit(event, data);
  }

  /** Resolves when somebody follows the stream. */
  async followed(stream: string): Promise<void> {
    while (!this.sockets.sockets.adapter.rooms.has(stream)) {
      await new Promise((resolve) => this.sockets.sockets.adapter.once('join-room', resolve));
    }
  }

  async stop(): Promise<void> {
    await this.sockets.close();
  }

  private listen(port: number): Promise<void> {
    return new Promise((resolve) => this.http.listen(port, '127.0.0.1', resolve));
  }

  private listenToSockets(): Sockets {
    const sockets = new Sockets(this.http, { serveClient: false });
    sockets.use((socket, next) => {
      if (socket.handshake.auth['token'] === this.token) next();
      else {
        const data = { code: 'access/unauthenticated', message: 'A valid token is needed' };
        next(Object.assign(new Error(data.message), { data }));
      }
    });
    sockets.on('connection', (socket) => {
      socket.on(
        'subscribe',
        (asked: { stream: string; after: number }, ack: (answer: object) => void) => {
          const log = this.logs.get(asked.stream) ?? [];
          if (asked.stream.endsWith(':expired')) {
            ack({ ok: false, code: 'events/cursor-expired', message: 'Too old' });
            return;
          }
          ack({ ok: true, head: log.length });
          for (const event of log.slice(asked.after)) socket.emit('event', event);
          void socket.join(asked.stream);
        },
      );
    });
    return sockets;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const call: Call = {
      method: request.method ?? '',
      path: url.pathname.replace('/api/v1', ''),
      query: url.searchParams,
      body: text === '' ? undefined : JSON.parse(text),
      authorization: request.headers.authorization,
      idempotencyKey: request.headers['idempotency-key']?.toString(),
    };
    this.calls.push(call);
    const { status = 200, body } = this.answerTo(call);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === undefined ? '' : JSON.stringify(body));
  }

  private answerTo(call: Call): Answer {
    const handler = this.routes.get(`${call.method} ${call.path}`);
    if (handler) return handler(call);
    if (call.method === 'GET' && call.path === '/events') return this.eventsPage(call.query);
    return problem(404, 'http/not-found', `There is nothing at ${call.method} ${call.path}`);
  }

  private eventsPage(query: URLSearchParams): Answer {
    const log = this.logs.get(query.get('stream') ?? '') ?? [];
    const items = log.slice(Number(query.get('after'))).slice(0, Number(query.get('limit') ?? 50));
    return { body: { items, head: log.length, nextCursor: null } };
  }
}

export const problem = (
  status: number,
  code: string,
  detail: string,
  more: object = {},
): Answer => ({
  status,
  body: { type: 'x', title: 'x', status, code, detail, requestId: 'r', ...more },
});

export interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  /** Null: a terminal without anything typed. */
  stdin?: string | null;
  env?: Record<string, string>;
  /** Whether somebody watches both outputs on a terminal. */
  isTTY?: boolean;
  signal?: AbortSignal;
  /** Called with everything that was written to stdout so far, whenever there is more. */
  onStdout?: (text: string) => void;
}

/** Runs one command line in this process against the fake server. */
export const maestro = async (
  server: { url: string; token: string },
  argv: readonly string[],
  options: CliOptions = {},
): Promise<Outcome> => {
  const { isTTY = false } = options;
  const stdout = Object.assign(new Sink(), { isTTY });
  const stderr = Object.assign(new Sink(), { isTTY });
  if (options.onStdout) stdout.onText = options.onStdout;
  const stdin: World['stdin'] =
    options.stdin === null
      ? Object.assign(new PassThrough(), { isTTY: true })
      : Readable.from([Buffer.from(options.stdin ?? '')]);
  const exitCode = await runCli(argv, {
    env: { MAESTRO_URL: server.url, MAESTRO_TOKEN: server.token, ...options.env },
    ...{ stdin, stdout, stderr },
    signal: options.signal ?? new AbortController().signal,
  });
  return { exitCode, stdout: stdout.text, stderr: stderr.text };
};

class Sink extends PassThrough {
  text = '';
  onText: (text: string) => void = () => undefined;

  constructor() {
    super();
    this.on('data', (chunk: Buffer) => {
      this.text += chunk.toString();
      this.onText(this.text);
    });
  }
}
