import { type Socket } from 'node:net';
import { type Client, type ClientChannel, type ClientErrorExtensions } from 'ssh2';
import { classifySshError } from './classify-ssh-error.js';
import { SshFailure } from './errors.js';
import { handshake, type Link } from './handshake.js';
import { Login } from './login.js';
import { type KeyRing } from './private-keys.js';
import { discard, SshChannel } from './ssh-channel.js';
import { type HostKeyVerifier, type SshTarget } from './ssh-target.js';

const OPEN_TIMEOUT_MS = 15_000;
const GOODBYE_MS = 1_000;

/** The server takes no further channel on this connection just now. Back-pressure, no failure: ask again soon. */
export class ChannelRefused extends Error {}

/** One authenticated link to a host. It ends once, with one reason, and tells its channels. */
export class Connection {
  readonly latencyMs: number;
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #target: SshTarget;
  readonly #channels = new Set<SshChannel>();
  #lost: SshFailure | null = null;
  /** Called once, when the link has ended for whatever reason. */
  onLost: (failure: SshFailure) => void = () => undefined;

  static async open(
    target: SshTarget,
    keyRing: KeyRing,
    verifyHostKey: HostKeyVerifier,
  ): Promise<Connection> {
    const login = new Login(target, keyRing);
    return handshake(target, login, verifyHostKey, (link) => new Connection(target, link));
  }

  private constructor(target: SshTarget, { client, socket, latencyMs }: Link) {
    this.latencyMs = latencyMs;
    this.#target = target;
    this.#client = client;
    this.#socket = socket;
    client.on('error', (error: Error & ClientErrorExtensions) => {
      this.#lose(classifySshError(target, { error, phase: 'ready' }));
    });
    client.once('close', () => {
      this.#lose(this.#closedByRemote());
    });
  }

  get isAlive(): boolean {
    return this.#lost === null;
  }

  /** Runs a command on a channel of its own. Rejects with `ChannelRefused` or, when the link is bad, an `SshFailure`. */
  open(command: string): Promise<SshChannel> {
    return new Promise((resolve, reject) => {
      if (this.#lost) {
        reject(this.#lost);
        return;
      }
      const bytesBefore = this.#socket.bytesRead;
      let isOver = false;
      const deadline = setTimeout(() => {
        isOver = true;
        const failure = new SshFailure('ssh/timeout', this.#target, {
          detail: 'the server did not open a channel',
        });
        // Not a byte in all that time: the link is half open, and everybody on it waits for nothing.
        if (this.#socket.bytesRead === bytesBefore) this.#lose(failure);
        reject(failure);
      }, OPEN_TIMEOUT_MS);

      const onReply = (error: Error | undefined, stream: ClientChannel): void => {
        clearTimeout(deadline);
        if (error) reject(this.#lost ?? new ChannelRefused(error.message));
        else if (isOver || this.#lost) discard(stream);
        else resolve(this.#adopt(stream));
      };
      try {
        this.#client.exec(command, onReply);
      } catch (error) {
        clearTimeout(deadline);
        const failure = classifySshError(this.#target, {
          error: error instanceof Error ? error : null,
          phase: 'ready',
        });
        this.#lose(failure);
        reject(failure);
      }
    });
  }

  /** Says goodbye; the channels end as lost. Resolves when the socket is closed. */
  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = new Promise<void>((resolve) => {
      this.#socket.once('close', () => {
        resolve();
      });
    });
    this.#lose(
      new SshFailure('ssh/connection-lost', this.#target, { detail: 'closed by this server' }),
      'politely',
    );
    await closed;
  }

  #adopt(stream: ClientChannel): SshChannel {
    const channel = new SshChannel(stream, () => this.#lost ?? this.#closedByRemote());
    this.#channels.add(channel);
    const forget = (): void => {
      this.#channels.delete(channel);
    };
    channel.closed.then(forget, forget);
    return channel;
  }

  /** The first reason counts; ssh2 may report several and may keep the socket open for seconds. */
  #lose(failure: SshFailure, manner: 'politely' | 'at once' = 'at once'): void {
    if (this.#lost) return;
    this.#lost = failure;
    if (manner === 'politely') {
      this.#client.end();
      setTimeout(() => this.#socket.destroy(), GOODBYE_MS).unref();
    } else {
      this.#socket.destroy();
    }
    for (const channel of this.#channels) channel.linkLost(failure);
    this.onLost(failure);
  }

  #closedByRemote(): SshFailure {
    return classifySshError(this.#target, { error: null, phase: 'ready' });
  }
}
