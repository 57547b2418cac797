import { expect, it } from '@jest/globals';
import { DemoAdapter } from '../../../src/agents/demo/demo-adapter.js';
import { type Host, type RunEvent, type RunVerdict } from '../../../src/hosts/index.js';
import { TurnDriver } from '../../../src/modules/sessions/drive/turn-driver.js';
import { type TurnEnding } from '../../../src/modules/sessions/drive/turn-ending.js';
import { type TurnLedger } from '../../../src/modules/sessions/drive/turn-ledger.js';
import { type TurnPlanner } from '../../../src/modules/sessions/drive/turn-planner.js';
import { type TurnClaims } from '../../../src/modules/sessions/storage/turn-claims.js';
import { type TurnRow } from '../../../src/modules/sessions/storage/turn.entity.js';
import { type TurnsRepository } from '../../../src/modules/sessions/storage/turns.repository.js';
import { type TurnsService } from '../../../src/modules/sessions/turns.service.js';
import { type Config } from '../../../src/platform/config/index.js';
import { turn } from '../../support/run-agent.js';

/** Drives one turn on a host that gives this verdict: how it ended, and what there is to remove from the host. */
const driven = async (
  verdict: RunVerdict,
  begun = true,
): Promise<{ ended: string[]; spools: unknown[] }> => {
  const spools: unknown[] = [];
  const ended: string[] = [];
  const runs = {
    async *start(): AsyncGenerator<RunEvent> {
      yield await Promise.resolve({ type: 'ended', verdict } as const);
    },
  };
  const row: Partial<TurnRow> = {
    ...{ id: 'turn', state: 'starting', prompt: '', fresh: false, readOnly: false, nonce: '' },
    ...{ attempts: 1, stdoutOffset: 0, stderrOffset: 0, stderrTail: '', startedAt: null },
    ...{
      earlier: [],
      spentMs: 0,
      parser: null,
      stop: null,
      fence: 1,
      waiting: null,
      unreachableMs: 0,
    },
  };
  const plan = {
    ...{ row, adapter: new DemoAdapter(), cwd: '/', env: {} },
    request: turn(''),
    host: { name: 'there', runs } as unknown as Host,
    ...{
      retired: new AbortController().signal,
      limits: { silenceMs: 1_000, toolMs: 1_000, absoluteMs: 1_000 },
    },
    conversation: { resumes: null, lost: null, asks: 'all' },
    retries: {
      ...{ resumeAfterLimit: true, limitStreak: 1, retries: 0 },
      ...{ firstRetryMs: 1_000, absoluteMs: 1_000 },
    },
  };
  const driver = new TurnDriver(
    { claim: () => Promise.resolve({ row, begun }) } as unknown as TurnClaims,
    { plan: () => Promise.resolve(plan) } as unknown as TurnPlanner,
    {
      recorderOf: () => ({ stop: () => undefined }),
      ended: (
        _recorder: unknown,
        current: TurnRow,
        endingOf: (row: TurnRow) => TurnEnding,
        left: unknown,
      ) => {
        spools.push(left);
        return Promise.resolve(ended.push(endingOf(current).state));
      },
    } as unknown as TurnLedger,
    { find: () => Promise.resolve(row) } as unknown as TurnsRepository,
    {} as TurnsService,
    { leaseMs: 60_000 } as Config,
  );
  await driver.drive('turn');
  while (ended.length === 0) await new Promise(setImmediate);
  await driver.onModuleDestroy();
  return { ended, spools };
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
