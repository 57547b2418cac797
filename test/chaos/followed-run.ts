import {
  type DurableRun,
  type Host,
  keepFollowing,
  type RunVerdict,
} from '../../src/hosts/index.js';

/** One reader of a run, as a server is one: it commits what it took together with the offsets, and dies now and then. */
export class FollowedRun {
  readonly committed: Record<'stdout' | 'stderr', Buffer> = {
    stdout: Buffer.alloc(0),
    stderr: Buffer.alloc(0),
  };
  verdict: RunVerdict | null = null;
  /** How often the link was lost and found again, and how often a new process took over. */
  attachments = 0;
  takeovers = 0;
  #isStarted = false;

  constructor(
    readonly run: DurableRun,
    /** Numbers of bytes after which the reader dies, with what it has not committed. */
    private readonly deaths: readonly number[],
  ) {}

  get bytes(): number {
    return this.committed.stdout.length + this.committed.stderr.length;
  }

  /** Follows over these hosts, one after the other as the readers die, until the verdict. */
  async follow(hosts: readonly Host[], signal: AbortSignal): Promise<RunVerdict> {
    const deaths = [...this.deaths];
    for (let life = 0; ; life += 1) {
      const host = hosts[life % hosts.length];
      if (!host) throw new Error('Nobody to follow');
      const verdict = await this.#live(host, deaths.shift() ?? Infinity, signal);
      if (verdict === null) this.takeovers += 1;
      else return (this.verdict = verdict);
    }
  }

  async #live(host: Host, death: number, signal: AbortSignal): Promise<RunVerdict | null> {
    const { stdout, stderr } = this.committed;
    const taken = { stdout: stdout.length, stderr: stderr.length };
    const pending = { stdout: [stdout], stderr: [stderr] };
    let chunks = 0;
    const events = keepFollowing(host, this.run, {
      from: { ...taken },
      started: this.#isStarted,
      signal,
      backoff: { firstMs: 50, maxMs: 1_000 },
      onLink: (state) => {
        if (state === 'restored') this.attachments += 1;
      },
    });
    for await (const event of events) {
      if (event.type === 'ended') {
        this.#commit(pending);
        return event.verdict;
      }
      if (event.type === 'accepted') {
        this.#isStarted = true;
        continue;
      }
      const { stream, data, offset } = event;
      taken[stream] += data.length;
      if (offset !== taken[stream]) {
        throw new Error(`${this.run.id} ${stream}: ${offset} instead of ${taken[stream]}`);
      }
      pending[stream].push(data);
      chunks += 1;
      if (taken.stdout + taken.stderr > death) return null;
      if (chunks % 3 === 0) this.#commit(pending);
    }
    throw new Error(`${this.run.id}: the follower ended without a verdict`);
  }

  #commit(pending: { stdout: Buffer[]; stderr: Buffer[] }): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      this.committed[stream] = Buffer.concat(pending[stream]);
      pending[stream] = [this.committed[stream]];
    }
  }
}
