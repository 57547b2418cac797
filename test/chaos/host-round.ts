import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunVerdict, type SshHost } from '../../src/hosts/index.js';
import { hostOf, persist, until } from './chaos-hosts.js';
import { ChaosRemote, type LinkFault } from './chaos-remote.js';
import { type ChaosReport } from './chaos-report.js';
import { type Fault, faultSchedule } from './fault-schedule.js';
import { FollowedRun } from './followed-run.js';
import { inflictAll } from './inflict-all.js';
import { expectNothingLeft } from './left-behind.js';
import { processesWith } from './processes.js';
import { journalOf, judge } from './judge-run.js';
import { Random } from './random.js';
import { durableRun, planRun, type RunPlan } from './run-plan.js';

const LEFT_LIMIT_MS = 30_000;
/** No run ends by itself before so many faults are over, however fast or slow the machine is. */
export const HELD_FAULTS = 8;

export interface HostRoundPlan {
  runs: RunPlan[];
  faults: Fault<LinkFault>[];
}

export const planHostRound = (
  seed: number,
  remotes: readonly string[],
  { runs, faults }: { runs: number; faults: number },
): HostRoundPlan => {
  const random = new Random(seed);
  const [ofRuns, ofFaults] = [random.fork(), random.fork()];
  return {
    runs: Array.from({ length: runs }, (_, index) =>
      planRun(ofRuns, remotes[index % remotes.length] ?? ''),
    ),
    faults: faultSchedule(ofFaults, ChaosRemote.faultsOf(remotes), {
      count: faults,
      everyMs: [50, 1_500],
    }),
  };
};

/** Runs at once on hosts whose links fail; each is read by one or two servers, and some are cancelled. */
export class HostRound {
  private readonly signal: AbortSignal;
  private readonly faultsOver = new AbortController();
  private readonly hosts = new Map<string, readonly [SshHost, SshHost]>();

  constructor(
    private readonly remotes: readonly ChaosRemote[],
    private readonly report: ChaosReport,
    limitMs: number,
  ) {
    this.signal = AbortSignal.timeout(limitMs);
    // Everybody in a round listens to it.
    setMaxListeners(0, this.signal, this.faultsOver.signal);
    for (const remote of remotes) this.hosts.set(remote.name, [hostOf(remote), hostOf(remote)]);
  }

  /** Fails when a byte is missing or too much, a run was executed twice, or anything is left. */
  async play({ runs, faults }: HostRoundPlan): Promise<void> {
    const { signal } = this.faultsOver;
    await Promise.all(this.remotes.map((remote) => writeFile(holdOf(remote), '')));
    let over = 0;
    const inflicting = inflictAll(faults, signal, async (fault) => {
      this.report.fault(fault);
      try {
        await this.remoteOf(fault.target).inflict(fault.kind, fault.lastsMs, signal);
      } finally {
        over += 1;
        if (over === HELD_FAULTS) await this.letEnd();
      }
    });
    try {
      await Promise.all(runs.map((plan) => this.runOne(plan)));
    } finally {
      this.faultsOver.abort();
      await this.letEnd();
      await inflicting;
      await Promise.all([...this.hosts.values()].flat().map((host) => host.close()));
    }
    // Whatever ran through the servers had their home.
    await Promise.all(
      this.remotes.map(({ home }) => expectNothingLeft(home, [`HOME=${home}`], LEFT_LIMIT_MS)),
    );
  }

  private async letEnd(): Promise<void> {
    await Promise.all(this.remotes.map((remote) => rm(holdOf(remote), { force: true })));
  }

  private async runOne(plan: RunPlan): Promise<void> {
    const hosts = this.hostsOf(plan.remote);
    const remote = this.remoteOf(plan.remote);
    const journal = join(remote.home, 'journal');
    const run = durableRun(plan, randomBytes(8).toString('hex'), journal, holdOf(remote));
    const readers = plan.deaths.map((deaths) => new FollowedRun(run, deaths));
    await delay(plan.startsAfterMs, undefined, { signal: this.signal });
    // Each reader begins with another server.
    const following = Promise.all(
      readers.map((reader, index) =>
        reader.follow(index === 0 ? hosts : hosts.toReversed(), this.signal),
      ),
    );
    following.catch(() => undefined);
    if (plan.cancelAfter !== null) await this.cancel(plan.cancelAfter, readers, hosts[1]);
    const [verdict, ...others] = await following;
    if (!verdict) throw new Error('Nobody has followed');
    const sameForAll = others.every((other) => JSON.stringify(other) === JSON.stringify(verdict));
    if (!sameForAll) throw new Error(`${run.id}: ${JSON.stringify([verdict, ...others])}`);
    await this.expectStatus(run, verdict, hosts[1]);
    const entries = await journalOf(journal, run.id);
    for (const reader of readers) judge(plan, reader, verdict, entries, this.report);
    const isCancelled = verdict.kind === 'exited' && verdict.why === 'cancelled';
    this.report.count(isCancelled ? 'runs cancelled' : `runs ${verdict.kind}`);
    await persist(this.signal, () => hosts[0].runs.remove(run));
  }

  /** Once it is answered, nothing of the run may be alive. */
  private async cancel(
    after: number,
    readers: readonly FollowedRun[],
    host: SshHost,
  ): Promise<void> {
    await until(this.signal, () =>
      readers.some(({ bytes, verdict }) => bytes >= after || verdict !== null),
    );
    const [reader] = readers;
    if (!reader) return;
    const { run } = reader;
    const proof = await persist(this.signal, () =>
      host.runs.cancel(run, { intMs: 300, termMs: 300, signal: this.signal }),
    );
    if (proof.kind !== 'gone') throw new Error(`${run.id}: ${JSON.stringify(proof)}`);
    const alive = await processesWith([`MAESTRO_RUN=${run.id}`]);
    if (alive.length > 0) throw new Error(`${run.id} was cancelled and lives: ${alive.join(', ')}`);
    this.report.count('cancels proved');
  }

  /** The record of a run comes just after its last word. */
  private async expectStatus(
    run: FollowedRun['run'],
    verdict: RunVerdict,
    host: SshHost,
  ): Promise<void> {
    let status = JSON.stringify({ kind: 'running' });
    const running = status;
    await until(this.signal, async () => {
      status = JSON.stringify(await persist(this.signal, () => host.runs.status(run)));
      return status !== running;
    });
    if (status !== JSON.stringify(verdict)) {
      throw new Error(
        `${run.id} ended with ${JSON.stringify(verdict)}, but its status is ${status}`,
      );
    }
  }

  private remoteOf(name: string): ChaosRemote {
    const remote = this.remotes.find((each) => each.name === name);
    if (!remote) throw new Error(`No remote ${name}`);
    return remote;
  }

  private hostsOf(name: string): readonly [SshHost, SshHost] {
    const hosts = this.hosts.get(name);
    if (!hosts) throw new Error(`No remote ${name}`);
    return hosts;
  }
}

const holdOf = ({ home }: ChaosRemote): string => join(home, 'hold');
