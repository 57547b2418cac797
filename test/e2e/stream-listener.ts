import { io, type Socket } from 'socket.io-client';
import { type SeenEvent } from './counting-agents.js';

/** Follows streams over one socket.io connection, and keeps everything that it is sent, as it is sent. */
export class StreamListener {
  readonly received = new Map<string, SeenEvent[]>();
  #socket: Socket;
  #wake: () => void = () => undefined;

  private constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly streams: readonly string[],
  ) {
    for (const stream of streams) this.received.set(stream, []);
    this.#socket = this.connect();
  }

  static async start(
    { url, token }: { url: string; token: string },
    streams: readonly string[],
  ): Promise<StreamListener> {
    const listener = new StreamListener(url, token, streams);
    await listener.subscribe();
    return listener;
  }

  of(stream: string): SeenEvent[] {
    return this.received.get(stream) ?? [];
  }

  get count(): number {
    return [...this.received.values()].reduce((sum, events) => sum + events.length, 0);
  }

  /** Drops the connection and comes back with the last numbers that it has seen. */
  async reconnect(): Promise<void> {
    this.close();
    this.#socket = this.connect();
    await this.subscribe();
  }

  /** Resolves when what was received satisfies `enough`. */
  async until(enough: (listener: this) => boolean, limitMs = 60_000): Promise<void> {
    const limit = AbortSignal.timeout(limitMs);
    const wake = (): void => {
      this.#wake();
    };
    limit.addEventListener('abort', wake);
    while (!enough(this)) {
      if (limit.aborted) throw new Error(`Only ${this.count} events came within ${limitMs} ms`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    limit.removeEventListener('abort', wake);
  }

  close(): void {
    this.#socket.disconnect();
  }

  private connect(): Socket {
    const auth = { token: this.token };
    const socket = io(this.url, { auth, forceNew: true, reconnection: false });
    socket.on('event', (event: SeenEvent) => {
      if (socket !== this.#socket) return;
      this.received.get(event.stream)?.push(event);
      this.#wake();
    });
    return socket;
  }

  private async subscribe(): Promise<void> {
    const socket = this.#socket;
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('connect_error', reject);
    });
    for (const stream of this.streams) {
      const after = this.of(stream).at(-1)?.seq ?? 0;
      const ack: unknown = await socket.emitWithAck('subscribe', { stream, after });
      if (!(ack as { ok: boolean }).ok) throw new Error(`${stream}: ${JSON.stringify(ack)}`);
    }
  }
}
