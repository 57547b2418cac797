import { io, type Socket } from 'socket.io-client';
import { z } from 'zod';
import { type ApiClient, unreachable } from './api-client.js';
import { ApiProblem } from './api-problem.js';
import { eventShape, type StreamEvent } from './api-shapes.js';

const refusal = z.looseObject({
  code: z.string(),
  message: z.string().default('The server refuses'),
  hint: z.string().optional(),
});
const answer = z.union([
  z.looseObject({ ok: z.literal(true), head: z.number() }),
  refusal.extend({ ok: z.literal(false) }),
]);
const unsubscribed = refusal.extend({ stream: z.string() });

const STATUS: Record<string, number> = {
  'access/unauthenticated': 401,
  'events/cursor-expired': 410,
};

export interface FollowOptions {
  /** `seq` of the last event the caller has; 0: from the beginning. */
  after?: number;
  signal?: AbortSignal;
  /** Told when the link to the server goes and when it is back. */
  onLink?: (up: boolean) => void;
}

/**
 * Every event of a stream behind a cursor, in order, without gap or repeat, then live ones, for ever: a lost link or
 * a restarted server only makes it wait, and it goes on at its cursor. Ends quietly when the signal is aborted.
 * Throws `ApiProblem` when the server refuses, and `CliFailure` (exit 9) when it could not be reached even once.
 */
export async function* follow(
  api: ApiClient,
  stream: string,
  options: FollowOptions = {},
): AsyncGenerator<StreamEvent, void> {
  const { signal } = options;
  const inbox = new Inbox(options.after ?? 0);
  const socket = io(api.server, {
    auth: { token: api.token ?? '' },
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: 200,
    reconnectionDelayMax: 1_000,
  });
  const stop = (): void => {
    inbox.close();
  };
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  listen(socket, api, stream, inbox, options.onLink);
  try {
    for (;;) {
      const next = await inbox.take();
      if (next === null) return;
      yield next;
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    socket.disconnect();
  }
}

/** The `seq` of the newest event of a stream: follow from there to see only what is new. */
export const headOf = async (api: ApiClient, stream: string): Promise<number> => {
  const after = Number.MAX_SAFE_INTEGER;
  const page = await api.get('/events', z.looseObject({ head: z.number() }), { stream, after });
  return page.head;
};

/** The events of a stream behind a cursor that exist now. */
export async function* readEvents(
  api: ApiClient,
  stream: string,
  after = 0,
): AsyncGenerator<StreamEvent, void> {
  const shape = z.object({ items: z.array(eventShape) });
  let cursor = after;
  for (;;) {
    const { items } = await api.get('/events', shape, { stream, after: cursor, limit: 200 });
    const last = items.at(-1);
    if (!last) return;
    yield* items;
    cursor = last.seq;
  }
}

const listen = (
  socket: Socket,
  api: ApiClient,
  stream: string,
  inbox: Inbox,
  onLink: FollowOptions['onLink'],
): void => {
  let wasUp = false;
  const refuse = (cause: unknown): void => {
    const { code, message, hint } = refusal.parse(cause);
    inbox.fail(
      ApiProblem.of(STATUS[code] ?? 422, {
        code,
        detail: message,
        ...(hint !== undefined && { hint }),
      }),
    );
  };
  socket.on('connect', () => {
    if (wasUp) onLink?.(true);
    wasUp = true;
    socket.emit('subscribe', { stream, after: inbox.cursor }, (ack: unknown) => {
      const parsed = answer.safeParse(ack);
      if (!parsed.success) inbox.fail(new Error('The server gave no answer to a subscription'));
      else if (!parsed.data.ok) refuse(parsed.data);
    });
  });
  socket.on('event', (event: unknown) => {
    const parsed = eventShape.safeParse(event);
    if (parsed.success && parsed.data.stream === stream) inbox.put(parsed.data);
  });
  socket.on('unsubscribed', (notice: unknown) => {
    const parsed = unsubscribed.safeParse(notice);
    if (parsed.success && parsed.data.stream === stream) refuse(parsed.data);
  });
  socket.on('connect_error', (error) => {
    const told = refusal.safeParse('data' in error ? error.data : null);
    // Inactive: the server itself said no, and socket.io will not try again.
    if (told.success && !socket.active) refuse(told.data);
    else if (!wasUp) inbox.fail(unreachable(api.server, error));
  });
  socket.on('disconnect', (reason) => {
    if (reason === 'io client disconnect') return;
    onLink?.(false);
    if (reason === 'io server disconnect') socket.connect();
  });
};

/** Events that arrived and were not taken yet; remembers the cursor and does not let a gap pass. */
class Inbox {
  private readonly waiting: StreamEvent[] = [];
  private ended: { error: Error | null } | null = null;
  private wake: () => void = () => undefined;

  /** `cursor`: the `seq` of the newest event that was put in. */
  constructor(public cursor: number) {}

  put(event: StreamEvent): void {
    if (event.seq <= this.cursor) return;
    if (event.seq !== this.cursor + 1) {
      this.fail(
        new Error(
          `${event.stream} jumped from event ${this.cursor} to ${event.seq}: events are missing`,
        ),
      );
      return;
    }
    this.cursor = event.seq;
    this.waiting.push(event);
    this.wake();
  }

  fail(error: Error): void {
    this.ended ??= { error };
    this.wake();
  }

  close(): void {
    this.ended ??= { error: null };
    this.wake();
  }

  /** The next event; null when it was closed. What arrived before a failure is handed out first. */
  async take(): Promise<StreamEvent | null> {
    for (;;) {
      if (this.ended !== null && this.ended.error === null) return null;
      const next = this.waiting.shift();
      if (next) return next;
      if (this.ended?.error) throw this.ended.error;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}
