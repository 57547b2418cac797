import {
  type Client,
  type ClientCallback,
  type ClientChannel,
  type ClientErrorExtensions,
} from 'ssh2';
import { classifySshError } from '../classify-ssh-error.js';
import { SshFailure } from '../errors.js';
import { dialForwarded } from './forwarded-wire.js';
import { handshake, type KeyVerdict, type LoggedIn } from './handshake.js';
import { ChannelRefused, type Link } from '../link.js';
import { Login } from './login.js';
import { type KeyRing } from '../private-keys.js';
import { forwardFailure } from '../route-faults.js';
import { discard, SshChannel } from './ssh-channel.js';
import { assertReachable, type SshTarget } from '../ssh-target.js';
import { DEFAULT_CONNECT_TIMEOUT_MS, type Dial, type Wire } from './wire.js';

const OPEN_TIMEOUT_MS = 15_000;
const GOODBYE_MS = 1_000;

interface ChannelRequest<T> {
  ask: (onReply: ClientCallback) => void;
  adopt: (stream: ClientChannel) => T;
  onRefusal: (error: Error) => Error;
  timeoutMs: number;
  onTimeout: () => Error;
}

/** A link over ssh2. */
export class Connection implements Link {
  readonly transport = 'ssh2';
  readonly transportReasons = [];
  readonly latencyMs: number;
  readonly #client: Client;
  readonly #wire: Wire;
  readonly #target: SshTarget;
  readonly #channels = new Set<SshChannel>();
  #lost: SshFailure | null = null;
  onLost: (failure: SshFailure) => void = () => undefined;

  /** `reach` finds the way there, once it is sure that there is something to log in with. */
  static async open(
    target: SshTarget,
    reach: () => Promise<Dial>,
    keyRing: KeyRing,
    verifyHostKey: KeyVerdict,
  ): Promise<Connection> {
    assertReachable(target);
    const login = new Login(target, keyRing);
    const dial = await reach();
    return handshake(
      target,
      dial,
      login,
      verifyHostKey,
      (loggedIn) => new Connection(target, loggedIn),
    );
  }

  private constructor(target: SshTarget, { client, wire, latencyMs }: LoggedIn) {
    this.latencyMs = latencyMs;
    this.#target = target;
    this.#client = client;
    this.#wire = wire;
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

  open(command: string): Promise<SshChannel> {
    const bytesBefore = this.#wire.bytesRead;
    return this.#request({
      ask: (onReply) => {
        this.#client.exec(command, onReply);
      },
      adopt: (stream) => this.#adopt(stream),
      onRefusal: (error) => new ChannelRefused(error.message),
      timeoutMs: OPEN_TIMEOUT_MS,
      onTimeout: () => {
        const failure = new SshFailure('ssh/timeout', this.#target, {
          detail: 'the server did not open a channel',
        });
        // Not a byte in all that time: the link is half open, and everybody on it waits for nothing.
        if (this.#wire.bytesRead === bytesBefore) this.#lose(failure);
        return failure;
      },
    });
  }

  /** Lets the host connect to another one. Rejects with what it says against that. */
  forward(to: SshTarget): Promise<Dial> {
    return this.#request({
      ask: (onReply) => {
        this.#client.forwardOut('127.0.0.1', 0, to.host, to.port, onReply);
      },
      adopt: (stream) => dialForwarded(stream, () => this.#lost),
      onRefusal: (error) => forwardFailure(this.#target, to, error),
      timeoutMs: to.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
      onTimeout: () =>
        new SshFailure('ssh/timeout', to, {
          detail: `no answer to the jump host ${this.#target.host}`,
        }),
    });
  }

  /** What is adopted has its listeners before the next event. */
  #request<T>({ ask, adopt, onRefusal, timeoutMs, onTimeout }: ChannelRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#lost) {
        reject(this.#lost);
        return;
      }
      let isOver = false;
      const deadline = setTimeout(() => {
        isOver = true;
        reject(onTimeout());
      }, timeoutMs);
      try {
        ask((error, stream) => {
          clearTimeout(deadline);
          if (error) {
            reject(this.#lost ?? onRefusal(error));
          } else if (isOver || this.#lost) {
            discard(stream);
            if (this.#lost) reject(this.#lost);
          } else {
            resolve(adopt(stream));
          }
        });
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

  /** By asking for something that every server denies and answers at once. */
  measure(): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#lost) {
        reject(this.#lost);
        return;
      }
      const askedAt = performance.now();
      this.#client.unforwardIn('127.0.0.1', 1, () => {
        if (this.#lost) reject(this.#lost);
        else resolve(performance.now() - askedAt);
      });
    });
  }

  async close(): Promise<void> {
    this.#lose(
      new SshFailure('ssh/connection-lost', this.#target, { detail: 'closed by this server' }),
      'politely',
    );
    await this.#wire.closed;
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
      setTimeout(() => {
        this.#wire.destroy();
      }, GOODBYE_MS).unref();
    } else {
      this.#wire.destroy();
    }
    for (const channel of this.#channels) channel.linkLost(failure);
    this.onLost(failure);
  }

  #closedByRemote(): SshFailure {
    return this.#wire.fault ?? classifySshError(this.#target, { error: null, phase: 'ready' });
  }
}
