import { PassThrough } from 'node:stream';
import { SshFailure } from '../../src/hosts/ssh/errors.js';
import { ChannelRefused, type Link, type LinkChannel } from '../../src/hosts/ssh/link.js';

const AT = { name: 'devbox', host: 'devbox' };

export class FakeChannel implements LinkChannel {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly closed: Promise<{ code: number | null }>;
  isOpen = true;
  onExit = (): void => undefined;
  #settle!: (end: { code: number | null }) => void;

  constructor(readonly link: FakeLink) {
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.link.channels.delete(this);
    this.#settle({ code: null });
  }

  /** Its program ends by itself. */
  exit(code: number): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.link.channels.delete(this);
    this.onExit();
    this.#settle({ code });
  }
}

/** A link whose server allows `sessions` channels at once and says what it is told to. */
export class FakeLink implements Link {
  readonly transportReasons = [];
  readonly transport = 'ssh2';
  readonly latencyMs = 1;
  readonly channels = new Set<FakeChannel>();
  refusals = 0;
  opened = 0;
  isAlive = true;
  /** Set: channels are not opened but fail with this. */
  fault: Error | null = null;
  /** Set: the host ends each loader after so long. */
  loaderLivesMs: number | null = null;
  onLost: (failure: SshFailure) => void = () => undefined;

  constructor(private readonly sessions = 10) {}

  async open(): Promise<LinkChannel> {
    await Promise.resolve();
    if (this.fault) throw this.fault;
    if (this.channels.size >= this.sessions) {
      this.refusals += 1;
      throw new ChannelRefused('open failed');
    }
    const channel = new FakeChannel(this);
    this.channels.add(channel);
    this.opened += 1;
    if (this.loaderLivesMs !== null) {
      setTimeout(() => {
        channel.exit(1);
      }, this.loaderLivesMs);
    }
    return channel;
  }

  async measure(): Promise<number> {
    return this.latencyMs;
  }

  break(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const channel of this.channels) channel.close();
    this.onLost(lost());
  }

  async close(): Promise<void> {
    this.isAlive = false;
  }
}

export const lost = (): SshFailure => new SshFailure('ssh/connection-lost', AT);
export const denied = (): SshFailure => new SshFailure('ssh/auth-failed', AT);
export const silent = (): SshFailure => new SshFailure('ssh/timeout', AT);
