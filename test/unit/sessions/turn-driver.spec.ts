import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { DemoAdapter } from '../../../src/agents/demo/demo-adapter.js';
import {
  type AgentAdapter,
  AgentUnsupported,
  type Launch,
  type TurnRequest,
} from '../../../src/agents/index.js';
import {
  type DurableRuns,
  type Host,
  HostFailure,
  type RunEvent,
  type RunVerdict,
  SshFailure,
} from '../../../src/hosts/index.js';
import { TurnDriver } from '../../../src/modules/sessions/drive/turn-driver.js';
import { TurnInterruptions } from '../../../src/modules/sessions/drive/turn-interruptions.js';
import { type TurnEnding } from '../../../src/modules/sessions/drive/turn-ending.js';
import { type TurnLedger } from '../../../src/modules/sessions/drive/turn-ledger.js';
import { type TurnPlan } from '../../../src/modules/sessions/drive/turn-plan.js';
import { type TurnPlanner } from '../../../src/modules/sessions/drive/turn-planner.js';
import { type TurnClaims } from '../../../src/modules/sessions/storage/turn-claims.js';
import { type StopOrder, type TurnRow } from '../../../src/modules/sessions/storage/turn.entity.js';
import { type TurnsRepository } from '../../../src/modules/sessions/storage/turns.repository.js';
import { type TurnsService } from '../../../src/modules/sessions/turns.service.js';
import { type Config } from '../../../src/platform/config/index.js';
import { type DomainError } from '../../../src/platform/errors/index.js';
import { turn } from '../../support/run-agent.js';

/** What becomes of a turn in the hands of one driver. */
interface Driven {
  ended: Partial<TurnEnding>[];
  spools: unknown[];
  /** What its host was asked beside the run itself. */
  asked: string[];
  /** How long it was given back for. */
  released: number[];
  waits: string[];
  /** How often it was recorded that its host has taken it. */
  accepted: number;
}

interface Case {
  runs: Partial<Host['runs']>;
  begun?: boolean;
  change?: Partial<TurnRow>;
  adapter?: AgentAdapter;
  planned?: (plan: TurnPlan) => Promise<TurnPlan>;
}

/** Drives one turn on a host with such runs, until it is ended or given back. */
const attempted = async ({
  runs,
  begun = true,
  change = {},
  adapter = new DemoAdapter(),
  planned = (plan) => Promise.resolve(plan),
}: Case): Promise<Driven> => {
  const told: Driven = { ended: [], spools: [], asked: [], released: [], waits: [], accepted: 0 };
  const row: Partial<TurnRow> = {
    ...{ id: 'turn', state: 'starting', prompt: '', fresh: false, readOnly: false, nonce: '' },
    ...{ attempts: 1, stdoutOffset: 0, stderrOffset: 0, stderrTail: '', startedAt: null },
    ...{ earlier: [], spentMs: 0, parser: null, stop: null, fence: 1, waiting: null },
    ...{ unreachableMs: 0, ...change },
  };
  const asked = <Answer>(what: string, answer: Answer): Promise<Answer> => {
    told.asked.push(what);
    return Promise.resolve(answer);
  };
  const host = {
    name: 'there',
    runs: { cancel: () => asked('cancel', { kind: 'gone' }), ...runs },
  } as unknown as Host;
  const plan = {
    ...{ row, adapter, cwd: '/', env: {}, request: turn(''), host },
    ...{
      retired: new AbortController().signal,
      limits: { silenceMs: 60_000, toolMs: 60_000, absoluteMs: 60_000 },
    },
    conversation: { resumes: null, lost: null, asks: 'all' },
    retries: {
      ...{ resumeAfterLimit: true, limitStreak: 1, retries: 0 },
      ...{ firstRetryMs: 1_000, absoluteMs: 60_000 },
    },
  } as unknown as TurnPlan;
  const claims = {
    claim: () => Promise.resolve({ row, begun }),
    release: (_claims: unknown, retryMs: number) => Promise.resolve(told.released.push(retryMs)),
  } as unknown as TurnClaims;
  const planner = {
    plan: () => planned(plan),
    hostOf: () => Promise.resolve(host),
  } as unknown as TurnPlanner;
  const ledger = {
    recorderOf: () => ({ stop: () => undefined, said: () => undefined }),
    accepted: () => Promise.resolve((told.accepted += 1)),
    unheard: (_recorder: unknown, reason: DomainError) =>
      Promise.resolve(told.waits.push(reason.code)),
    ended: (
      _recorder: unknown,
      current: TurnRow,
      endingOf: (row: TurnRow) => TurnEnding,
      left: unknown,
    ) => {
      told.spools.push(left);
      return Promise.resolve(told.ended.push(endingOf(current)));
    },
  } as unknown as TurnLedger;
  const rows = { find: () => Promise.resolve(row) } as unknown as TurnsRepository;
  const driver = new TurnDriver(
    claims,
    planner,
    ledger,
    new TurnInterruptions(claims, planner, ledger, rows),
    {} as TurnsService,
    { leaseMs: 60_000 } as Config,
  );
  await driver.drive('turn');
  while (told.ended.length + told.released.length === 0) await new Promise(setImmediate);
  await driver.onModuleDestroy();
  return told;
};

/** How a turn ended on a host with such runs, and what there is to remove from the host. */
const drivenOn = async (
  runs: Partial<DurableRuns>,
  begun: boolean,
  adapter = new DemoAdapter(),
): Promise<{ ended: unknown[]; spools: unknown[] }> => {
  const { ended, spools } = await attempted({ runs, begun, adapter });
  return { ended: ended.map(({ state }) => state), spools };
};

const driven = (verdict: RunVerdict, begun = true): ReturnType<typeof drivenOn> => {
  const start = async function* (): AsyncGenerator<RunEvent> {
    yield await Promise.resolve({ type: 'ended', verdict } as const);
  };
  return drivenOn({ start }, begun);
};

it('records what a turn left on its host with its end', async () => {
  const verdict = { kind: 'exited', exitCode: 1, signal: null, why: null } as RunVerdict;
  expect(await driven(verdict)).toEqual({
    ended: ['failed'],
    spools: [{ attempt: 1, fence: false }],
  });
});

it('keeps a fence where another may have started it: that start may yet come', async () => {
  expect(await driven({ kind: 'never-started', reason: 'fenced' }, false)).toEqual({
    ended: ['queued'],
    spools: [{ attempt: 1, fence: true }],
  });
});

it('records the files of a turn that its host did not take', async () => {
  class WithFiles extends DemoAdapter {
    override launch(request: TurnRequest): Launch {
      return { ...super.launch(request), files: [{ name: 'prompt', content: 'secret' }] };
    }
  }
  const full = new HostFailure('host/disk-full', 'there: no room');
  const taken = (put: () => Promise<void>): Partial<DurableRuns> => ({
    put,
    async *start(): AsyncGenerator<RunEvent> {
      yield* [];
      throw await Promise.resolve(full);
    },
  });
  const all = (): Promise<void> => Promise.resolve();
  const left = { ended: ['failed'], spools: [{ attempt: 1, fence: false }] };
  expect(await drivenOn(taken(all), true, new WithFiles())).toEqual(left);
  // Some may have come through.
  const refused = (): Promise<void> => Promise.reject(full);
  expect(await drivenOn(taken(refused), true, new WithFiles())).toEqual(left);
  expect(await drivenOn(taken(all), true)).toEqual({
    ended: ['failed'],
    spools: [null],
  });
});

/** An interactive turn that another worker had begun, whose host does not take what its agent waits for. */
const unanswered = (refusal: Error, more: Case = { runs: {} }): Promise<Driven> => {
  const follow: Host['runs']['follow'] = async function* (
    _run,
    { signal } = {},
  ): AsyncGenerator<RunEvent> {
    yield { type: 'accepted', duplicate: true };
    if (signal && !signal.aborted) await once(signal, 'abort');
    signal?.throwIfAborted();
  };
  const outbox = { sent: 0, unsent: 'yes', closed: false };
  const parser = { ...new DemoAdapter().initialState(), text: 'so far', outbox };
  return attempted({
    begun: false,
    change: { state: 'running', startedAt: new Date(), parser, ...more.change },
    runs: { follow, send: () => Promise.reject(refusal), ...more.runs },
  });
};

const FULL = new HostFailure('host/disk-full', 'there: no space left');
const STOP: StopOrder = { reason: 'cancelled', at: '', proved: true };

describe('A turn whose host does not take the input of its agent', () => {
  it('is ended with that error once nothing of it is left', async () => {
    const { ended, asked, released, waits } = await unanswered(FULL);
    expect(ended).toMatchObject([
      { state: 'failed', text: 'so far', error: { code: 'host/disk-full', recoverable: false } },
    ]);
    expect({ asked, released, waits }).toEqual({ asked: ['cancel'], released: [], waits: [] });
  });

  it('is ended as it was told to when it was told to', async () => {
    const { ended } = await unanswered(FULL, { runs: {}, change: { stop: STOP } });
    expect(ended).toMatchObject([{ state: 'cancelled', error: null }]);
  });

  it('goes on while processes of it will not go, or its host cannot be told', async () => {
    const stuck: DurableRuns['cancel'] = () => Promise.resolve({ kind: 'stuck', pids: [7] });
    expect(await unanswered(FULL, { runs: { cancel: stuck } })).toMatchObject({
      ...{ ended: [], released: [5_000], waits: [] },
    });
    const denied = new SshFailure('ssh/auth-failed', { name: 'there', host: 'there' });
    expect(
      await unanswered(denied, { runs: { cancel: () => Promise.reject(denied) } }),
    ).toMatchObject({ ended: [], released: [5_000], waits: ['ssh/auth-failed'] });
  });
});

/** A turn that another worker may have started, and that cannot be planned; its host says what became of it. */
const unplannable = (
  status: Awaited<ReturnType<DurableRuns['status']>>,
  change: Partial<TurnRow> = {},
): Promise<Driven> =>
  attempted({
    ...{ begun: false, change, runs: { status: () => Promise.resolve(status) } },
    planned: () => Promise.reject(new AgentUnsupported('No such agent')),
  });

const NEVER = { kind: 'never-started', reason: '' } as const;
const EXITED = { kind: 'exited', exitCode: 130, signal: null, why: 'cancelled' } as const;

describe('A turn taken over that cannot be planned any more', () => {
  it('is refused when its host has never begun it', async () => {
    const { ended, spools, released } = await unplannable(NEVER);
    expect(ended).toMatchObject([{ state: 'failed', error: { code: 'agent/unsupported' } }]);
    expect({ spools, released }).toEqual({ spools: [{ attempt: 1, fence: true }], released: [] });
  });

  class Unlaunchable extends DemoAdapter {
    override launch = (): never => {
      throw new AgentUnsupported('no');
    };
  }

  it.each([{ kind: 'running' }, EXITED] as const)(
    'is followed without a launch when its host had taken it: $kind',
    async (status) => {
      const driven = await attempted({
        ...{ begun: false, adapter: new Unlaunchable() },
        runs: { status: () => Promise.resolve(status) },
      });
      expect(driven).toMatchObject({ ended: [], released: [0], waits: [], accepted: 1 });
    },
  );

  it('ends as it was told to, once it is gone, whatever keeps it from being planned', async () => {
    const faulty = (status: Awaited<ReturnType<DurableRuns['status']>>): Promise<Driven> =>
      attempted({
        ...{ begun: false, change: { state: 'stopping', startedAt: new Date(), stop: STOP } },
        runs: { status: () => Promise.resolve(status) },
        planned: () => Promise.reject(new TypeError('a fault of ours')),
      });
    expect(await faulty(EXITED)).toMatchObject({ ended: [{ state: 'cancelled', error: null }] });
    expect(await faulty({ kind: 'running' })).toMatchObject({ ended: [], released: [5_000] });
  });

  it('is refused too when it cannot be launched', async () => {
    const { ended } = await attempted({
      ...{ begun: false, adapter: new Unlaunchable() },
      runs: { status: () => Promise.resolve(NEVER) },
    });
    expect(ended).toMatchObject([{ state: 'failed', error: { code: 'agent/unsupported' } }]);
  });

  it('ends as it was told to when it was stopped, whether or not it was begun', async () => {
    for (const verdict of [NEVER, EXITED]) {
      const { ended } = await unplannable(verdict, { state: 'stopping', stop: STOP });
      expect(ended).toMatchObject([{ state: 'cancelled', error: null }]);
    }
  });

  it('is left as it is while it may run, or has run', async () => {
    for (const status of [{ kind: 'running' }, EXITED] as const) {
      expect(await unplannable(status)).toMatchObject({
        ...{ ended: [], released: [5_000], waits: ['agent/unsupported'] },
      });
    }
    expect(await unplannable(NEVER, { startedAt: new Date() })).toMatchObject({ ended: [] });
  });
});
