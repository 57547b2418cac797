import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { io } from 'socket.io-client';
import { type SeenEvent } from '../e2e/counting-agents.js';
import { type Api } from '../support/api.js';

/** How a client listens: over socket.io, or by server-sent events. */
export type Listening = 'socket.io' | 'sse';

/**
 * A client that follows one stream and comes back with the last number that it has seen, however often the server goes
 * away. An event that comes twice, too early or not at all is its `fault`.
 */
export class EventReader {
  readonly events: SeenEvent[] = [];
  fault: string | null = null;
  connections = 0;
  readonly #over = new AbortController();
  readonly #reading: Promise<void>;

  constructor(
    private readonly api: Api,
    private readonly stream: string,
    private readonly listening: Listening,
  ) {
    // Each connection listens to it.
    setMaxListeners(0, this.#over.signal);
    this.#reading = this.#read();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      const heard = this.listening === 'sse' ? this.#overHttp() : this.#overSocket();
      await heard.catch(() => undefined);
      await delay(100, undefined, { signal }).catch(() => undefined);
    }
  }

  #take(event: SeenEvent): void {
    if (event.seq !== this.#last + 1) {
      this.fault ??= `${this.stream}: event ${event.seq} after ${this.#last} over ${this.listening}`;
    }
    this.events.push(event);
  }

  get #last(): number {
    return this.events.at(-1)?.seq ?? 0;
  }

  async #overHttp(): Promise<void> {
    const { url, token } = this.api;
    const answer = await fetch(`${url}/api/v1/events?stream=${this.stream}&after=${this.#last}`, {
      headers: { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' },
      signal: this.#over.signal,
    });
    if (!answer.ok || !answer.body) return;
    this.connections += 1;
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of answer.body) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('data: ')) this.#take(JSON.parse(line.slice(6)) as SeenEvent);
      }
    }
  }

  async #overSocket(): Promise<void> {
    const { url, token } = this.api;
    const socket = io(url, { auth: { token }, forceNew: true, reconnection: false });
    const { signal } = this.#over;
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = () => {
        resolve();
      };
    });
    socket.on('disconnect', end).on('connect_error', end);
    signal.addEventListener('abort', end);
    socket.on('event', (event: SeenEvent) => {
      this.#take(event);
    });
    socket.on('connect', () => {
      const subscription = { stream: this.stream, after: this.#last };
      socket.timeout(10_000).emit('subscribe', subscription, (late: Error | null, ack: unknown) => {
        if (late !== null || !(ack as { ok: boolean }).ok) socket.disconnect();
        else this.connections += 1;
      });
    });
    await ended;
    signal.removeEventListener('abort', end);
    socket.removeAllListeners().disconnect();
  }
}
