import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP relay on loopback whose links can be cut or silenced, to show and to test what happens then.
 *
 * `pass` relays; `blackhole` takes everything and answers nothing, as a half-open link does; `refuse` drops newcomers;
 * `hold` keeps everything back for later, as an overloaded link does.
 */
export class TcpProxy {
  #mode: 'pass' | 'blackhole' | 'refuse' | 'hold' = 'pass';
  #held: (() => void)[] = [];
  /** Newcomers dropped so far. */
  refused = 0;
  #port = 0;
  readonly #server: Server;
  readonly #links = new Set<{ near: Socket; far: Socket }>();
  readonly #targetPort: number;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ noDelay: true }, (near) => {
      this.#relay(near);
    });
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    proxy.#port = (proxy.#server.address() as AddressInfo).port;
    return proxy;
  }

  get mode(): 'pass' | 'blackhole' | 'refuse' | 'hold' {
    return this.#mode;
  }

  set mode(mode: 'pass' | 'blackhole' | 'refuse' | 'hold') {
    this.#mode = mode;
    if (mode === 'hold') return;
    const held = this.#held;
    this.#held = [];
    for (const deliver of held) deliver();
  }

  get port(): number {
    return this.#port;
  }

  get links(): number {
    return this.#links.size;
  }

  /** Resets every live link, as a router that loses its state does. New ones are taken. */
  cut(): void {
    for (const { near, far } of this.#links) {
      near.resetAndDestroy();
      far.destroy();
    }
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #relay(near: Socket): void {
    if (this.mode === 'refuse') {
      this.refused += 1;
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: this.#targetPort, noDelay: true });
    const link = { near, far };
    this.#links.add(link);
    this.#pump(near, far);
    this.#pump(far, near);
    const end = (): void => {
      this.#links.delete(link);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
  }

  #pump(from: Socket, to: Socket): void {
    from.on('data', (chunk) => {
      if (this.mode === 'blackhole' || to.destroyed) return;
      if (this.mode === 'hold') {
        from.pause();
        this.#held.push(() => {
          to.write(chunk);
          from.resume();
        });
        return;
      }
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => {
      if (this.mode !== 'blackhole') to.end();
    });
  }
}
