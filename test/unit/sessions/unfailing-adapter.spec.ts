import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AgentUnsupported } from '../../../src/agents/index.js';
import { DemoAdapter } from '../../../src/agents/demo/demo-adapter.js';
import { type Host, type RunEvent } from '../../../src/hosts/index.js';
import { TurnDrive } from '../../../src/modules/sessions/drive/turn-drive.js';
import { endingOf } from '../../../src/modules/sessions/drive/turn-ending.js';
import { type TurnPlan } from '../../../src/modules/sessions/drive/turn-plan.js';
import {
  type TurnFact,
  type TurnRecorder,
} from '../../../src/modules/sessions/drive/turn-recorder.js';
import { unfailing } from '../../../src/modules/sessions/drive/unfailing-adapter.js';
import { type StoredParserState } from '../../../src/modules/sessions/storage/turn.entity.js';
import { turn } from '../../support/run-agent.js';

afterEach(() => {
  jest.restoreAllMocks();
});

const fault = (said: string): never => {
  throw new TypeError(`cannot read ${said}`);
};

class FaultyAdapter extends DemoAdapter {
  override initialState = (): never => fault('the prompt');
  override parse = (_state: unknown, line: string): never => fault(line);
  override conclude = (): never => fault('the end');
}

/** Drives a turn of such an adapter to its end: what was told of its output, and how it ended. */
const driven = async (output: string) => {
  const adapter = unfailing(new FaultyAdapter());
  const facts: TurnFact[] = [];
  const row = {
    ...{ id: 'turn', nonce: '', attempts: 1, state: 'running', waiting: null, stop: null },
    ...{ stdoutOffset: 0, stderrOffset: 0, stderrTail: '', unreachableMs: 0, startedAt: null },
    parser: null as StoredParserState | null,
  };
  const recorder = {
    said: (state: StoredParserState, told: TurnFact[]) => {
      row.parser = state;
      facts.push(...told);
    },
    room: () => Promise.resolve(),
  };
  const follow = async function* (): AsyncGenerator<RunEvent> {
    const data = Buffer.from(output);
    yield await Promise.resolve({ type: 'output', stream: 'stdout', data, offset: data.length });
    const exited = { kind: 'exited', exitCode: 0, signal: null, why: null } as const;
    yield { type: 'ended', verdict: exited };
  };
  const host = { name: 'devbox', runs: { follow } } as unknown as Host;
  const request = turn('x');
  const plan = {
    ...{ row, adapter, request, host, cwd: '/', env: {} },
    conversation: { resumes: null, lost: null, asks: 'all' },
  } as unknown as TurnPlan;
  const steps = {
    ...{ accepted: () => Promise.reject(new Error()), unheard: () => Promise.resolve() },
    ...{
      enters: () => Promise.resolve(),
      heardAgain: () => Promise.resolve(),
      expired: () => undefined,
    },
  };
  const { signal } = new AbortController();
  const drive = new TurnDrive(plan, recorder as unknown as TurnRecorder, signal, steps, false);
  const verdict = await drive.toTheEnd();
  return { facts, parser: row.parser, ending: endingOf(verdict, row, plan) };
};

describe('A turn whose adapter has a fault', () => {
  it('goes on to its end, with its lines as they came', async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const long = 'x'.repeat(5_000);
    const { facts, parser, ending } = await driven(`first\n${long}\nlast`);
    expect(facts).toEqual([
      { type: 'unknown', name: 'unreadable', raw: 'first' },
      { type: 'unknown', name: 'unreadable', raw: long.slice(0, 2_000) },
      { type: 'unknown', name: 'unreadable', raw: 'last' },
    ]);
    expect(parser).toMatchObject({ providerSessionId: null, text: null, memory: {} });
    expect(ending).toMatchObject({ state: 'failed', exitCode: 0 });
    expect(ending.error).toMatchObject({ code: 'agent/protocol', recoverable: true });
  });

  it('is told in the log once per kind of fault, and without what the agent said', async () => {
    const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await driven('a secret\nanother secret\n');
    const told = log.mock.calls.map(([entry]) => entry as { step: string; fault: string });
    expect(told.map(({ step }) => step)).toEqual(['initialState', 'parse', 'conclude']);
    expect(told[1]?.fault).toMatch(/^TypeError\n {4}at /);
    expect(JSON.stringify(told)).not.toContain('secret');
  });

  it('keeps what was known before the line', () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const state = { ...new DemoAdapter().initialState(), text: 'so far' };
    expect(unfailing(new FaultyAdapter()).parse(state, 'x', turn('x')).state).toBe(state);
  });

  it('is still refused where its adapter says that it cannot be started', () => {
    const adapter = new DemoAdapter();
    const refusal = new AgentUnsupported('no');
    jest.spyOn(adapter, 'launch').mockImplementation(() => {
      throw refusal;
    });
    expect(() => unfailing(adapter).launch(turn('x'))).toThrow(refusal);
  });

  it('is refused where its adapter cannot say how it is started', () => {
    const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const adapter = new DemoAdapter();
    jest.spyOn(adapter, 'launch').mockImplementation(() => {
      throw new TypeError('secret');
    });
    expect(() => unfailing(adapter).launch(turn('x'))).toThrow(AgentUnsupported);
    expect(log.mock.calls).toMatchObject([[{ step: 'launch' }]]);
    expect(JSON.stringify(log.mock.calls)).not.toContain('secret');
  });
});
