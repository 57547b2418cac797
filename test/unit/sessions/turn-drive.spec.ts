import { once } from 'node:events';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { DemoAdapter } from '../../../src/agents/demo/demo-adapter.js';
import { type Host, type RunEvent } from '../../../src/hosts/index.js';
import { TurnDrive, type TurnPlan } from '../../../src/modules/sessions/drive/turn-drive.js';
import { type TurnRecorder } from '../../../src/modules/sessions/drive/turn-recorder.js';
import { type SessionRow } from '../../../src/modules/sessions/storage/session.entity.js';
import { type TurnRow } from '../../../src/modules/sessions/storage/turn.entity.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Which clocks ended a turn that another process had begun, when its agent says nothing for ten minutes. */
const clocksOfTakenOver = async (openTools: string[]): Promise<string[]> => {
  const adapter = new DemoAdapter();
  const gone = new AbortController();
  const runs = {
    async *follow(): AsyncGenerator<RunEvent> {
      await once(gone.signal, 'abort');
      gone.signal.throwIfAborted();
      yield* [];
    },
  };
  const row: Partial<TurnRow> = {
    ...{ id: 'turn', state: 'running', prompt: '', fresh: false, readOnly: false, nonce: '' },
    ...{ attempts: 1, stdoutOffset: 0, stderrOffset: 0, startedAt: new Date() },
    parser: { ...adapter.initialState(), openTools },
  };
  const session: Partial<SessionRow> = { args: [], model: null, command: null };
  const plan = {
    ...{ row, session, adapter, cwd: '/', env: {}, retired: gone.signal },
    host: { runs } as unknown as Host,
    limits: { silenceMs: 60_000, absoluteMs: 3_600_000 },
  } as TurnPlan;
  const expired: string[] = [];
  const drive = new TurnDrive(
    plan,
    {} as TurnRecorder,
    gone.signal,
    () => Promise.reject(new Error('It was accepted before')),
    (clock) => expired.push(clock),
    false,
  );
  const followed = drive.toTheEnd();
  jest.advanceTimersByTime(600_000);
  gone.abort(new Error('enough'));
  await expect(followed).rejects.toThrow('enough');
  return expired;
};

it('does not take an agent for silent whose tool was begun before this process followed it', async () => {
  expect(await clocksOfTakenOver(['build'])).toEqual([]);
});

it('ends an agent that is silent without a tool, whoever began it', async () => {
  expect(await clocksOfTakenOver([])).toEqual(['silent']);
});
