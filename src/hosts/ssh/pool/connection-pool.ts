import { type Channel, type ChannelPriority, type ChannelSource } from '../../channel.js';
import { ChannelQueue, type Waiter } from './channel-queue.js';
import { SshFailure } from '../errors.js';
import { ChannelRefused } from '../link.js';
import { DEFAULT_LIMITS, type PoolLimits } from './pool-limits.js';
import { PoolLinks } from './pool-links.js';
import { PoolPulse } from './pool-pulse.js';
import { PoolReport } from './pool-report.js';
import { type PoolState } from './pool-state.js';
import { PoolTimers } from './pool-timers.js';
import { type PooledConnection } from './pooled-connection.js';
import { KeyRing } from '../private-keys.js';
import { ReconnectPause } from './reconnect-pause.js';
import { Routes } from '../routes.js';
import { type HostKeyVerifier, type SshTarget } from '../ssh-target.js';
import { WarmChannels } from './warm-channels.js';

const BAD_LINKS_PER_WAIT = 2;

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
  /** How its host is reached (default: as the target says). */
  routes?: Pick<Routes, 'connect' | 'closed'>;
}

/**
 * All connections to one SSH host. Makes one alone, further ones as those who wait need them, few at a time; hands out
 * channels under a budget that it learns from the server, and keeps a few loaders running so that work starts in one
 * round trip. A channel that is refused, or a further login that is dropped, is back-pressure and nobody's failure; the
 * first login is tried a few times before those who wait are told that the server hung up.
 *
 * A lost link is a transient error of its channels and of nobody else: the next `open` connects again, after network
 * faults not more often than every 0.25 to 30 s. After a fault that only a person can heal (login, host key), `open`
 * fails with it until `reset`.
 */
export class ConnectionPool implements ChannelSource {
  readonly #name: string;
  readonly #loader: string;
  readonly #limits: PoolLimits;
  readonly #routes: Pick<Routes, 'connect' | 'closed'>;
  readonly #queue: ChannelQueue;
  readonly #pause = new ReconnectPause();
  readonly #timers = new PoolTimers();
  readonly #report: PoolReport;
  readonly #links: PoolLinks;
  readonly #warm: WarmChannels;
  readonly #pulse: PoolPulse;
  #isClosed = false;

  constructor({
    name,
    target,
    verifyHostKey,
    loader,
    onState,
    limits,
    routes = new Routes(new KeyRing(), verifyHostKey),
  }: ConnectionPoolOptions) {
    this.#name = name;
    this.#loader = loader;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#routes = routes;
    this.#report = new PoolReport(onState);
    this.#queue = new ChannelQueue({
      patienceMs: this.#limits.openTimeoutMs,
      onTimeout: (waiter) => this.#waitedTooLong(waiter),
    });
    this.#links = new PoolLinks({
      connect: async () => this.#routes.connect(await target()),
      limits: this.#limits,
      pause: this.#pause,
      report: this.#report,
      timers: this.#timers,
      failure: (code, detail) => this.#failure(code, detail),
      demand: () => ({
        waiting: this.#queue.length,
        urgency: this.#queue.first?.priority ?? null,
      }),
      onChange: this.#serve,
      onWelcome: () => {
        this.#queue.encourage();
        this.#pulse.welcome();
      },
      keepsLast: () => this.#pulse.isWatched,
      onFailure: (error) => {
        this.#queue.rejectAll(error);
      },
    });
    this.#warm = new WarmChannels({
      links: this.#links,
      loader,
      limits: this.#limits,
      timers: this.#timers,
      onRoom: this.#serve,
    });
    this.#pulse = new PoolPulse({
      name,
      links: this.#links,
      limits: this.#limits,
      pause: this.#pause,
      report: this.#report,
      timers: this.#timers,
      queue: this.#queue,
    });
  }

  async open(priority: ChannelPriority, signal?: AbortSignal): Promise<Channel> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw this.#closedByUs();
    this.#warm.asked();
    const warm = this.#warm.take(priority, true);
    if (warm) return warm;
    const { blockedBy } = this.#pause;
    if (blockedBy && !this.#links.isHopeful) throw blockedBy;
    const channel = this.#queue.add(priority, signal);
    this.#serve();
    return channel;
  }

  /** Forgets why the last attempt failed, for example after the user has changed the key: the next `open` tries again. */
  reset(): void {
    this.#pause.reset();
    this.#report.forget();
  }

  /** While watched, a host is connected to again by itself, and its last connection stays. */
  watch(isWatched: boolean): void {
    this.#pulse.watch(isWatched && !this.#isClosed);
  }

  /** Ends all connections and waits; nothing can be opened any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timers.stop();
    this.#pulse.stop();
    this.#warm.stop();
    this.#report.stop();
    this.#queue.rejectAll(this.#closedByUs());
    await this.#links.close();
    await this.#routes.closed();
  }

  /** How many connections there are, for metrics. */
  get size(): number {
    return this.#links.size;
  }

  /** Gives channels to whoever waits, as far as there is room; else sees to it that there will be. */
  readonly #serve = (): void => {
    if (this.#isClosed) return;
    this.#sweepLater();
    for (let waiter = this.#queue.first; waiter; waiter = this.#queue.first) {
      const pooled = this.#links.roomiest(waiter.priority);
      const warm = this.#warm.take(waiter.priority, pooled !== undefined);
      if (warm) {
        waiter.resolve(warm);
      } else if (pooled) {
        this.#queue.shift();
        void this.#openFor(waiter, pooled);
      } else {
        this.#makeRoom();
        return;
      }
    }
    this.#warm.refill();
  };

  async #openFor(waiter: Waiter, pooled: PooledConnection): Promise<void> {
    try {
      const channel = await pooled.open(this.#loader, this.#serve);
      if (waiter.isWaiting) waiter.resolve(channel);
      else channel.close();
    } catch (error) {
      if (this.#isClosed) {
        waiter.reject(this.#closedByUs());
      } else if (error instanceof ChannelRefused) {
        waiter.refusal = error.message;
        this.#queue.putBack(waiter);
      } else if ((waiter.badLinks += 1) < BAD_LINKS_PER_WAIT) {
        this.#queue.putBack(waiter);
      } else {
        waiter.reject(error as Error);
      }
      this.#serve();
    }
  }

  #makeRoom(): void {
    const { restMs } = this.#links;
    if (restMs !== null) this.#timers.once('retry', restMs, this.#serve);
    this.#links.grow();
  }

  #sweepLater(): void {
    if (this.#links.size === 0) return;
    const { idleExtraMs, idleLastMs, warmForMs } = this.#limits;
    this.#timers.once('sweep', Math.min(idleExtraMs, idleLastMs, warmForMs) / 2, () => {
      this.#warm.dropForgotten();
      this.#links.retireIdle();
      this.#sweepLater();
    });
  }

  #waitedTooLong({ refusal }: Waiter): SshFailure {
    const why = refusal ?? this.#pause.blockedBy?.message ?? 'all channels are in use';
    return this.#links.size > 0
      ? this.#failure('ssh/session-limit', why)
      : this.#failure('ssh/timeout', 'no connection in time');
  }

  #closedByUs(): SshFailure {
    return this.#failure('ssh/connection-lost', 'closed by this server');
  }

  #failure(
    code: 'ssh/connection-lost' | 'ssh/session-limit' | 'ssh/timeout',
    detail: string,
  ): SshFailure {
    return new SshFailure(code, { name: this.#name, host: this.#name }, { detail });
  }
}
