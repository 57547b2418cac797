import { type Channel, type ChannelPriority, type ChannelSource } from '../channel.js';
import { ChannelQueue, type Waiter } from './channel-queue.js';
import { SshFailure } from './errors.js';
import { ChannelRefused, type Link } from './link.js';
import { DEFAULT_LIMITS, type PoolLimits } from './pool-limits.js';
import { type PoolState, stateAfter } from './pool-state.js';
import { PoolTimers } from './pool-timers.js';
import { PooledConnection } from './pooled-connection.js';
import { KeyRing } from './private-keys.js';
import { ReconnectPause } from './reconnect-pause.js';
import { Routes } from './routes.js';
import { type HostKeyVerifier, type SshTarget } from './ssh-target.js';

const SIMULTANEOUS_LOGINS = 2;
const BROKEN_LINKS_PER_WAIT = 2;

export interface ConnectionPoolOptions {
  /** What a person calls the host, for errors that come before the target is known. */
  name: string;
  /** Asked before each connection; what it throws is reported as the reason why there is none. */
  target: () => Promise<SshTarget>;
  verifyHostKey: HostKeyVerifier;
  /** The command that every channel runs; it reads its work from standard input. */
  loader: string;
  onState?: (state: PoolState) => void;
  limits?: Partial<PoolLimits>;
}

/**
 * All connections to one SSH host. Opens them when they are needed, hands out channels under a budget that it learns
 * from the server, and keeps a few loaders running so that work starts in one round trip.
 *
 * A lost link is a transient error of its channels and of nobody else: the next `open` connects again, after network
 * faults not more often than every 0.25 to 15 s. After a fault that only a person can heal (login, host key), `open`
 * fails with it until `reset`.
 */
export class ConnectionPool implements ChannelSource {
  readonly #options: ConnectionPoolOptions;
  readonly #limits: PoolLimits;
  readonly #routes: Routes;
  readonly #connections = new Set<PooledConnection>();
  readonly #queue = new ChannelQueue();
  readonly #pause = new ReconnectPause();
  readonly #timers = new PoolTimers();
  #logins = 0;
  #lastAskedAt = 0;
  #isClosed = false;
  #state: PoolState | null = null;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
    this.#routes = new Routes(new KeyRing(), options.verifyHostKey);
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
  }

  async open(priority: ChannelPriority, signal?: AbortSignal): Promise<Channel> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw this.#failure('ssh/connection-lost', 'closed by this server');
    this.#lastAskedAt = Date.now();
    const warm = this.#takeWarm(priority);
    if (warm) {
      this.#timers.once('refill', this.#limits.refillAfterMs, () => {
        this.#refillWarm();
      });
      return warm;
    }
    const { blockedBy } = this.#pause;
    if (blockedBy && this.#connections.size + this.#logins === 0) throw blockedBy;
    const channel = this.#queue.add(
      priority,
      this.#limits.openTimeoutMs,
      (waiter) => this.#waitedTooLong(waiter),
      signal,
    );
    this.#serve();
    return channel;
  }

  /** Forgets why the last attempt failed, for example after the user has changed the key: the next `open` tries again. */
  reset(): void {
    this.#pause.reset();
  }

  /** Ends all connections and waits; nothing can be opened any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timers.stop();
    this.#queue.rejectAll(this.#failure('ssh/connection-lost', 'closed by this server'));
    await Promise.all([...this.#connections].map((pooled) => this.#retire(pooled)));
    await this.#routes.closed();
  }

  /** How many connections there are, for metrics. */
  get size(): number {
    return this.#connections.size;
  }

  /** Gives channels to whoever waits, as far as there is room; else sees to it that there will be. */
  readonly #serve = (): void => {
    for (let waiter = this.#queue.first; waiter; waiter = this.#queue.first) {
      const warm = this.#takeWarm(waiter.priority);
      if (warm) {
        waiter.resolve(warm);
        continue;
      }
      const pooled = this.#roomiest(waiter.priority);
      if (!pooled) {
        this.#makeRoom();
        return;
      }
      this.#queue.shift();
      void this.#openFor(waiter, pooled);
    }
    this.#refillWarm();
  };

  async #openFor(waiter: Waiter, pooled: PooledConnection): Promise<void> {
    try {
      const channel = await pooled.open(this.#options.loader, this.#serve);
      if (waiter.isWaiting) waiter.resolve(channel);
      else channel.close();
    } catch (error) {
      if (error instanceof ChannelRefused) {
        waiter.refusal = error.message;
        this.#queue.putBack(waiter);
      } else if (!pooled.connection.isAlive && (waiter.brokenLinks += 1) < BROKEN_LINKS_PER_WAIT) {
        this.#queue.putBack(waiter);
      } else {
        waiter.reject(error as Error);
      }
      this.#serve();
    }
  }

  #makeRoom(): void {
    if (this.#connections.size === 0) {
      if (this.#logins === 0) void this.#connect();
      return;
    }
    const pauses = [...this.#connections]
      .map(({ slots }) => slots.pauseMs)
      .filter((pauseMs) => pauseMs > 0);
    if (pauses.length > 0) {
      this.#timers.once('retry', Math.min(...pauses), this.#serve);
    }
    if (this.#connections.size + this.#logins >= this.#limits.maxConnections) return;
    this.#timers.once('grow', this.#limits.growAfterMs, () => {
      const isNeeded =
        !this.#queue.isEmpty && this.#connections.size > 0 && this.#pause.blockedBy === null;
      if (isNeeded && this.#logins < SIMULTANEOUS_LOGINS) void this.#connect();
      this.#serve();
    });
  }

  async #connect(): Promise<void> {
    const { blockedBy } = this.#pause;
    if (blockedBy) {
      this.#queue.rejectAll(blockedBy);
      return;
    }
    this.#logins += 1;
    if (this.#connections.size === 0) {
      const { latencyMs = null, transport = null } = this.#state ?? {};
      this.#report({ status: 'connecting', error: null, latencyMs, transport });
    }
    try {
      const connection = await this.#routes.connect(await this.#options.target());
      this.#logins -= 1;
      this.#welcome(connection);
    } catch (error) {
      this.#logins -= 1;
      this.#failed(error as Error);
    }
  }

  #welcome(connection: Link): void {
    if (this.#isClosed) {
      void connection.close();
      return;
    }
    const pooled = new PooledConnection(connection, this.#limits.channelsPerConnection);
    connection.onLost = (failure) => {
      this.#lost(pooled, failure);
    };
    if (!connection.isAlive) {
      this.#failed(this.#failure('ssh/connection-lost', 'closed after the login'));
      return;
    }
    this.#connections.add(pooled);
    const { latencyMs, transport } = connection;
    this.#report({ status: 'online', error: null, latencyMs, transport });
    this.#sweepLater();
    this.#serve();
  }

  /** There is no new connection. While old ones live, those who wait go on waiting for them. */
  #failed(error: Error): void {
    this.#pause.failed(error);
    if (this.#connections.size + this.#logins > 0 || this.#isClosed) return;
    this.#report(stateAfter(error, this.#state));
    this.#queue.rejectAll(error);
  }

  #lost(pooled: PooledConnection, failure: SshFailure): void {
    if (!this.#connections.delete(pooled)) return;
    if (!pooled.hasServed) this.#pause.failed(failure);
    if (this.#connections.size === 0) this.#report(stateAfter(failure, this.#state));
    this.#serve();
  }

  #roomiest(priority: ChannelPriority): PooledConnection | undefined {
    let best: PooledConnection | undefined;
    for (const pooled of this.#connections) {
      if (!pooled.slots.hasRoomFor(priority)) continue;
      if (!best || pooled.slots.inUse < best.slots.inUse) best = pooled;
    }
    return best;
  }

  /** The last one is kept for what a person waits for: the start of a run, or its end. */
  #takeWarm(priority: ChannelPriority): Channel | undefined {
    const isUrgent = priority === 'control' || priority === 'start';
    let ready = 0;
    for (const { warm } of this.#connections) ready += warm.length;
    if (ready <= (isUrgent ? 0 : 1)) return undefined;
    for (const pooled of this.#connections) {
      const channel = pooled.takeWarm();
      if (channel) return channel;
    }
    return undefined;
  }

  #refillWarm(): void {
    if (this.#isClosed || Date.now() - this.#lastAskedAt > this.#limits.warmForMs) return;
    let missing = this.#limits.warmChannels;
    for (const { warm, warming } of this.#connections) missing -= warm.length + warming;
    for (; missing > 0; missing -= 1) {
      const pooled = this.#roomiest('bulk');
      if (!pooled) return;
      void this.#warmUp(pooled);
    }
  }

  async #warmUp(pooled: PooledConnection): Promise<void> {
    pooled.warming += 1;
    try {
      const channel = await pooled.open(this.#options.loader, this.#serve);
      pooled.keepWarm(channel);
    } catch {
      // Nobody waits for it, and whoever needs a channel next learns what is wrong.
    } finally {
      pooled.warming -= 1;
    }
    if (!this.#queue.isEmpty) this.#serve();
  }

  /** Lets go of warm channels and of connections that nobody has used for a while. */
  #sweep(): void {
    if (Date.now() - this.#lastAskedAt > this.#limits.warmForMs) {
      for (const pooled of this.#connections) pooled.dropWarm();
    }
    for (const pooled of [...this.#connections].reverse()) {
      const patienceMs =
        this.#connections.size > 1 ? this.#limits.idleExtraMs : this.#limits.idleLastMs;
      if (pooled.idleMs > patienceMs) void this.#retire(pooled);
    }
    this.#sweepLater();
  }

  #sweepLater(): void {
    if (this.#connections.size === 0) return;
    const { idleExtraMs, idleLastMs, warmForMs } = this.#limits;
    this.#timers.once('sweep', Math.min(idleExtraMs, idleLastMs, warmForMs) / 2, () => {
      this.#sweep();
    });
  }

  async #retire(pooled: PooledConnection): Promise<void> {
    this.#connections.delete(pooled);
    pooled.dropWarm();
    await pooled.connection.close();
  }

  #report(state: PoolState): void {
    const isNews =
      this.#state?.status !== state.status || this.#state.error?.code !== state.error?.code;
    this.#state = state;
    if (isNews && !this.#isClosed) this.#options.onState?.(state);
  }

  #waitedTooLong({ refusal }: Waiter): SshFailure {
    return this.#connections.size > 0
      ? this.#failure('ssh/session-limit', refusal ?? 'all channels are in use')
      : this.#failure('ssh/timeout', 'no connection in time');
  }

  #failure(
    code: 'ssh/connection-lost' | 'ssh/session-limit' | 'ssh/timeout',
    detail: string,
  ): SshFailure {
    return new SshFailure(code, { name: this.#options.name, host: this.#options.name }, { detail });
  }
}
