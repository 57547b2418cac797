import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventsOf } from '../e2e/counting-agents.js';
import { type Api, type SeenTurn } from '../support/api.js';
import { until } from './chaos-hosts.js';
import { type LinkFault } from './chaos-remote.js';
import { type ChaosReport } from './chaos-report.js';
import { type CountedTurn, faultOf, planTurn, promptOf } from './counted-turn.js';
import { EventReader } from './event-reader.js';
import { type Fault, faultSchedule } from './fault-schedule.js';
import { inflictAll } from './inflict-all.js';
import { expectNothingLeft } from './left-behind.js';
import { Random } from './random.js';
import { type ServerFault, type ServerWorld } from './server-world.js';

const LEFT_LIMIT_MS = 60_000;
const ENDED = ['completed', 'failed', 'cancelled', 'lost'];

/** Turns that are queued one behind the other, here or on a remote. */
export interface SessionPlan {
  remote: string | null;
  paceMs: number;
  turns: CountedTurn[];
}

export interface ServerRoundPlan {
  sessions: SessionPlan[];
  faults: Fault<ServerFault | LinkFault>[];
}

export const planServerRound = (
  seed: number,
  world: ServerWorld,
  { turns, faults }: { turns: number; faults: number },
): ServerRoundPlan => {
  const random = new Random(seed);
  const [ofTurns, ofFaults] = [random.fork(), random.fork()];
  const places = [null, ...world.remotes.map(({ name }) => name)];
  const sessions: SessionPlan[] = [];
  for (let left = turns; left > 0;) {
    const length = Math.min(left, ofTurns.between(1, 3));
    sessions.push({
      remote: places[sessions.length % places.length] ?? null,
      paceMs: ofTurns.between(20, 120),
      turns: Array.from({ length }, () => planTurn(ofTurns)),
    });
    left -= length;
  }
  const everyMs = [100, 1_200] as const;
  return { sessions, faults: faultSchedule(ofFaults, world.faults, { count: faults, everyMs }) };
};

/** Turns asked for over the API while servers, stores and links fail; a client listens to each session throughout. */
export class ServerRound {
  private readonly faultsOver = new AbortController();
  private readonly signal: AbortSignal;
  private readonly api: Api;

  constructor(
    private readonly world: ServerWorld,
    private readonly report: ChaosReport,
    limitMs: number,
  ) {
    this.signal = AbortSignal.timeout(limitMs);
    // Everybody in a round listens to it.
    setMaxListeners(0, this.signal, this.faultsOver.signal);
    this.api = world.api;
  }

  /** Fails when anything was lost, doubled or left behind. */
  async play({ sessions, faults }: ServerRoundPlan): Promise<void> {
    const inflicting = inflictAll(faults, this.faultsOver.signal, (fault) => {
      this.report.fault(fault);
      return this.world.inflict(fault.kind, fault.target, fault.lastsMs, this.faultsOver.signal);
    });
    try {
      await Promise.all(sessions.map((plan, index) => this.playSession(plan, index)));
    } finally {
      this.faultsOver.abort();
      await inflicting;
    }
    const marks = [`MAESTRO_DEMO_JOURNAL=${this.world.journal}`];
    for (const { home } of [this.world, ...this.world.remotes]) {
      await expectNothingLeft(home, marks, LEFT_LIMIT_MS);
    }
  }

  private async playSession(plan: SessionPlan, index: number): Promise<void> {
    const { world } = this;
    const name = `chaos-${randomUUID()}`;
    const cwd = join(world.dir, name);
    await mkdir(cwd);
    const remoteId = plan.remote === null ? null : (world.remoteIds.get(plan.remote) ?? '');
    const sessionId = await this.make('/sessions', {
      ...{ name, agent: 'demo', cwd, ...(remoteId !== null && { remoteId }) },
      env: {
        MAESTRO_DEMO_PACE_MS: String(plan.paceMs),
        MAESTRO_DEMO_JOURNAL: world.journal,
      },
    });
    const stream = `session:${sessionId}`;
    const reader = new EventReader(this.api, stream, index % 2 === 0 ? 'socket.io' : 'sse');
    try {
      const turns = await Promise.all(
        plan.turns.map(async (turn) => this.playTurn(sessionId, turn)),
      );
      const events = await this.persist(() => eventsOf(this.api, stream));
      await until(
        this.signal,
        () => reader.events.length >= events.length || reader.fault !== null,
      );
      if (reader.fault !== null) throw new Error(reader.fault);
      for (const [at, event] of events.entries()) {
        const [heard, logged] = [reader.events[at], event].map((each) => JSON.stringify(each));
        if (heard !== logged)
          throw new Error(`${stream}: heard ${heard ?? ''}, logged ${logged ?? ''}`);
      }
      for (const { plan: turnPlan, turn } of turns) {
        const fault = faultOf(turnPlan, turn, events, await this.journalOf(turn.id));
        if (fault !== null)
          throw new Error(`${fault}: ${JSON.stringify({ turn, turnPlan, plan })}`);
        this.report.count(`turns ${turn.state}`);
        this.report.count('bytes', turnPlan.words.length);
      }
      this.report.count('events', events.length);
      this.report.count('clients connected', reader.connections);
    } finally {
      await reader.stop();
    }
  }

  private async playTurn(
    sessionId: string,
    plan: CountedTurn,
  ): Promise<{ plan: CountedTurn; turn: SeenTurn }> {
    const prompt = promptOf(plan);
    const id = await this.make(`/sessions/${sessionId}/turns`, { prompt });
    if (plan.cancelAfterMs !== null) {
      await delay(plan.cancelAfterMs, undefined, { signal: this.signal });
      await this.persist(() => this.api.call('POST', `/turns/${id}/cancel`));
    }
    let turn = await this.persist(() => this.api.get<SeenTurn>(`/turns/${id}`));
    await until(this.signal, async () => {
      turn = await this.persist(() => this.api.get<SeenTurn>(`/turns/${id}`));
      return ENDED.includes(turn.state);
    }).catch((error: unknown) => {
      throw new Error(`It did not end: ${JSON.stringify(turn)}`, { cause: error });
    });
    return { plan, turn };
  }

  /** Asks with one key until there is an answer, as a good client does. */
  private async make(path: string, body: object): Promise<string> {
    const key = randomUUID();
    return this.persist(async () => {
      const answer = await this.api.call<{ id: string }>('POST', path, body, {
        'Idempotency-Key': key,
      });
      if (answer.status >= 300) throw new Error(`${path}: ${answer.status}`);
      return answer.body.id;
    });
  }

  /** Until it is answered: the server may be away for a while. */
  private async persist<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (this.signal.aborted) throw error;
      }
      await delay(100);
    }
  }

  private async journalOf(turnId: string): Promise<string[]> {
    const text = await readFile(this.world.journal, 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { event: string; turn: string | null })
      .flatMap(({ event, turn }) => (turn?.startsWith(turnId) === true ? [event] : []));
  }
}
