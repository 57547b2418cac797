import { jest } from '@jest/globals';
import { type Channel, type ChannelPriority } from '../../src/hosts/channel.js';
import { ConnectionPool } from '../../src/hosts/ssh/pool/connection-pool.js';
import { type Link } from '../../src/hosts/ssh/link.js';
import { type PoolLimits } from '../../src/hosts/ssh/pool/pool-limits.js';
import { type PoolState } from '../../src/hosts/ssh/pool/pool-state.js';
import { FakeLink } from './fake-link.js';

const LOGIN_MS = 100;

/** A pool under fake timers whose logins take 100 ms and give fake links. */
export class FakePool {
  readonly links: FakeLink[] = [];
  readonly states: PoolState[] = [];
  readonly pool: ConnectionPool;
  loginsNow = 0;
  mostLogins = 0;
  logins = 0;
  /** What the next logins end with; a link when it is empty. */
  readonly faults: (Error | 'never')[] = [];
  /** Set: the host ends each loader after so long. */
  loaderLivesMs: number | null = null;

  constructor(
    limits: Partial<PoolLimits> = {},
    private readonly sessions = 10,
  ) {
    this.pool = new ConnectionPool({
      name: 'devbox',
      target: async () => ({
        id: 'r1',
        name: 'devbox',
        host: 'devbox',
        port: 22,
        username: 'me',
        privateKeys: [],
      }),
      verifyHostKey: async () => 'accept',
      loader: 'sh',
      onState: (state) => this.states.push(state),
      limits: { warmChannels: 0, ...limits },
      routes: { connect: () => this.#login(), closed: async () => undefined },
    });
  }

  /** Asks for a channel and tells what has become of it so far. */
  ask(priority: ChannelPriority = 'start', signal?: AbortSignal): Asked {
    const asked: Asked = { channel: null, error: null };
    this.pool.open(priority, signal).then(
      (channel) => (asked.channel = channel),
      (error: unknown) => (asked.error = error),
    );
    return asked;
  }

  askFor(count: number, priority: ChannelPriority = 'start'): Asked[] {
    return Array.from({ length: count }, () => this.ask(priority));
  }

  get statuses(): string[] {
    return this.states.map(({ status }) => status);
  }

  async #login(): Promise<Link> {
    this.logins += 1;
    this.loginsNow += 1;
    this.mostLogins = Math.max(this.mostLogins, this.loginsNow);
    const fault = this.faults.shift();
    await new Promise<void>((resolve) => {
      if (fault !== 'never') setTimeout(resolve, LOGIN_MS);
    });
    this.loginsNow -= 1;
    if (fault instanceof Error) throw fault;
    const link = new FakeLink(this.sessions);
    link.loaderLivesMs = this.loaderLivesMs;
    this.links.push(link);
    return link;
  }
}

export interface Asked {
  channel: Channel | null;
  error: unknown;
}

export const after = async (ms: number): Promise<void> => {
  await jest.advanceTimersByTimeAsync(ms);
};

export const served = (all: readonly Asked[]): number =>
  all.filter(({ channel }) => channel !== null).length;

export const failed = (all: readonly Asked[]): Asked[] => all.filter(({ error }) => error !== null);
