import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DemoAdapter } from '../../../src/agents/demo/demo-adapter.js';
import { type Launch, type TurnRequest } from '../../../src/agents/index.js';
import {
  type DurableRuns,
  type Host,
  HostFailure,
  type RunEvent,
} from '../../../src/hosts/index.js';
import { SshFailure } from '../../../src/hosts/ssh/errors.js';
import { TurnDrive } from '../../../src/modules/sessions/drive/turn-drive.js';
import { type TurnPlan } from '../../../src/modules/sessions/drive/turn-plan.js';
import { type TurnRecorder } from '../../../src/modules/sessions/drive/turn-recorder.js';
import { type OpenTool, type TurnRow } from '../../../src/modules/sessions/storage/turn.entity.js';
import { turn as request } from '../../support/run-agent.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const BUILD: OpenTool = { id: 'build', name: 'build', since: Date.now(), unheardMs: 0 };

type Runs = Pick<DurableRuns, 'start' | 'follow' | 'put' | 'remove' | 'status'>;

const refused = new SshFailure('ssh/refused', { name: 'devbox', host: 'devbox' });
const lost = new SshFailure('ssh/connection-lost', { name: 'devbox', host: 'devbox' });
const denied = new SshFailure('ssh/auth-failed', { name: 'devbox', host: 'devbox' });

/** Drives one turn on such runs; `steps` is what was done about it. */
const drive = (
  runs: Partial<Runs>,
  change: Partial<TurnRow>,
  begun: boolean,
  adapter = new DemoAdapter(),
) => {
  const gone = new AbortController();
  const steps: string[] = [];
  const row: Partial<TurnRow> = {
    ...{ id: 'turn', prompt: '', fresh: false, readOnly: false, nonce: '', waiting: null },
    ...{ attempts: 1, stdoutOffset: 0, stderrOffset: 0, unreachableMs: 0 },
    ...change,
  };
  const plan = {
    ...{
      row,
      adapter,
      cwd: '/',
      env: {},
      retired: gone.signal,
      request: request(''),
    },
    host: { runs } as unknown as Host,
    limits: { silenceMs: 60_000, toolMs: 3_600_000, absoluteMs: 3_600_000 },
    conversation: { resumes: null, lost: null, asks: 'all' },
    retries: {
      ...{ resumeAfterLimit: true, limitStreak: 1, retries: 0 },
      ...{ firstRetryMs: 1_000, absoluteMs: 3_600_000 },
    },
  } as TurnPlan;
  const turn = new TurnDrive(
    plan,
    {} as TurnRecorder,
    gone.signal,
    {
      accepted: () => Promise.reject(new Error('It was accepted before')),
      unheard: (reason) => {
        steps.push(`unheard ${(reason as SshFailure).code}`);
        row.waiting = { code: '', message: '', since: new Date().toISOString() };
        return Promise.resolve();
      },
      enters: () => Promise.resolve(),
      heardAgain: () => {
        steps.push('heard');
        row.waiting = null;
        return Promise.resolve();
      },
      expired: ({ reason }) => steps.push(reason),
    },
    begun,
  );
  const ended = turn.toTheEnd().then(
    ({ kind }) => kind,
    (error: unknown) => error,
  );
  return { turn, ended, steps, gone, row };
};

/** Lets the clocks of the turn run until something has happened; the pauses between two attempts are real. */
const until = async (isSo: () => boolean): Promise<void> => {
  for (let looks = 0; !isSo(); looks += 1) {
    if (looks > 2_000) throw new Error('It never came to it');
    await jest.advanceTimersByTimeAsync(100);
    await pause(5);
  }
};

/** A follow that is heard at once and then says nothing until it is ended. */
const silent: Runs['follow'] = async function* (_run, { signal } = {}): AsyncGenerator<RunEvent> {
  yield { type: 'accepted', duplicate: true };
  if (signal && !signal.aborted) await once(signal, 'abort');
  signal?.throwIfAborted();
};

/** Which clocks ended a turn that another process had begun, when its agent says nothing for ten minutes. */
const clocksOfTakenOver = async (
  follow: Runs['follow'],
  openTools: OpenTool[],
): Promise<string[]> => {
  const parser = { ...new DemoAdapter().initialState(), openTools };
  const { ended, steps, gone } = drive(
    { follow },
    { state: 'running', startedAt: new Date(), parser },
    false,
  );
  await jest.advanceTimersByTimeAsync(600_000);
  gone.abort(new Error('enough'));
  expect(await ended).toMatchObject({ message: 'enough' });
  return steps;
};

describe('A driven turn', () => {
  it('is not taken for silent when its tool was begun before this process followed it', async () => {
    expect(await clocksOfTakenOver(silent, [BUILD])).toEqual([]);
  });

  it('is ended when it is silent without a tool, whoever began it', async () => {
    expect(await clocksOfTakenOver(silent, [])).toEqual(['silent']);
  });

  it('is not judged by the silence of a link that nobody answers on any more', async () => {
    let follows = 0;
    const half: Runs['follow'] = async function* (run, options): AsyncGenerator<RunEvent> {
      follows += 1;
      if (follows === 1) yield* silent(run, options);
      throw lost;
    };
    expect(await clocksOfTakenOver(half, [])).toEqual(['unheard ssh/connection-lost']);
    expect(follows).toBeGreaterThan(1);
  });

  it('tells once that its host is away and once that it is back, however long that took', async () => {
    let follows = 0;
    const runs: Runs['follow'] = async function* (run, options): AsyncGenerator<RunEvent> {
      follows += 1;
      if (follows === 2 || follows === 3) throw refused;
      if (follows === 1) {
        yield { type: 'accepted', duplicate: true };
        throw lost;
      }
      yield* silent(run, options);
    };
    const parser = { ...new DemoAdapter().initialState(), openTools: [BUILD] };
    const { ended, steps, gone } = drive(
      { follow: runs },
      { state: 'running', startedAt: new Date(), parser },
      false,
    );
    await until(() => steps.length === 2);
    expect(steps).toEqual(['unheard ssh/connection-lost', 'heard']);
    gone.abort(new Error('enough'));
    await ended;
  });

  /** What its absolute limit did to a turn that was followed again only after it, when its host says that of its run. */
  const timedOut = async (...answers: (() => ReturnType<Runs['status']>)[]): Promise<string[]> => {
    const left = [...answers];
    const status: Runs['status'] = () => (left.shift() ?? (() => new Promise(() => undefined)))();
    const { ended, steps, gone } = drive(
      { follow: silent, status },
      { state: 'running', startedAt: new Date(Date.now() - 2 * 3_600_000), parser: null },
      false,
    );
    await jest.advanceTimersByTimeAsync(30_000);
    gone.abort(new Error('enough'));
    expect(await ended).toMatchObject({ message: 'enough' });
    expect(left).toEqual([]);
    return steps;
  };

  it('is not ended for its absolute limit when its run was over before anybody followed it', async () => {
    const exited = { kind: 'exited', exitCode: 0, signal: null, why: null } as const;
    expect(await timedOut(() => Promise.resolve(exited))).toEqual([]);
    const orphaned = { kind: 'lost', cause: 'orphaned' } as const;
    expect(await timedOut(() => Promise.resolve(orphaned))).toEqual([]);
  });

  it('is ended for its absolute limit when its run goes on, however late its host says so', async () => {
    const running = (): ReturnType<Runs['status']> => Promise.resolve({ kind: 'running' });
    expect(await timedOut(running)).toEqual(['timeout']);
    expect(await timedOut(() => Promise.reject(lost), running)).toEqual(['timeout']);
  });

  it('is given back soon when nothing was sent to a host that is away', async () => {
    const start: Runs['start'] = async function* (): AsyncGenerator<RunEvent> {
      yield* [];
      throw await Promise.resolve(refused);
    };
    const { turn, ended } = drive({ start }, { state: 'starting', startedAt: null }, true);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(await ended).toBe(refused);
    expect(turn.mayHaveStarted).toBe(false);
  });

  it('leaves the files that it has put there to the worker that has taken it', async () => {
    class WithFiles extends DemoAdapter {
      override launch(asked: TurnRequest): Launch {
        return { ...super.launch(asked), files: [{ name: 'prompt', content: 'x' }] };
      }
    }
    const calls: string[] = [];
    const call = (name: string): Promise<void> => {
      calls.push(name);
      return Promise.resolve();
    };
    const start: Runs['start'] = async function* (_run, { signal } = {}): AsyncGenerator<RunEvent> {
      yield* [];
      await call('start');
      if (signal && !signal.aborted) await once(signal, 'abort');
      signal?.throwIfAborted();
    };
    const runs = { start, put: () => call('put'), remove: () => call('remove') };
    const begun = { state: 'starting', startedAt: null } as const;
    const { turn, ended, gone, row } = drive(runs, begun, true, new WithFiles());
    await until(() => calls.length === 2);
    gone.abort(new Error('taken'));
    expect(await ended).toMatchObject({ message: 'taken' });
    expect(calls).toEqual(['put', 'start']);
    expect(row.parser?.place).toMatchObject({ providerSessionId: null, spentBefore: null });
    expect(turn).toMatchObject({ mayHaveStarted: false, hasPutFiles: true });
  });

  it('is never given up once a start was sent that nobody answered', async () => {
    let starts = 0;
    const start: Runs['start'] = async function* (_run, options): AsyncGenerator<RunEvent> {
      yield* [];
      starts += 1;
      if (starts === 1) options?.onSend?.();
      throw await Promise.resolve(starts < 3 ? lost : denied);
    };
    const { turn, ended } = drive({ start }, { state: 'starting', startedAt: null }, true);
    await until(() => starts === 3);
    expect(await ended).toBe(denied);
    expect(turn.mayHaveStarted).toBe(true);
  });

  it.each([
    ['cannot have begun when the host itself refused the start', 'host/disk-full', false],
    ['may have begun when the answer to its start says nothing', 'host/protocol', true],
  ] as const)('%s', async (_title, code, mayHaveStarted) => {
    const answer = new HostFailure(code, 'devbox: what it said');
    const start: Runs['start'] = async function* (_run, options): AsyncGenerator<RunEvent> {
      yield* [];
      options?.onSend?.();
      throw await Promise.resolve(answer);
    };
    const { turn, ended } = drive({ start }, { state: 'starting', startedAt: null }, true);
    expect(await ended).toBe(answer);
    expect(turn.mayHaveStarted).toBe(mayHaveStarted);
  });
});
