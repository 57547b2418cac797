import { describe, expect, it } from '@jest/globals';
import { DemoAdapter } from '../../../src/agents/demo/demo-adapter.js';
import { type Tokens, type Usage } from '../../../src/agents/index.js';
import { type Host, type RunEvent } from '../../../src/hosts/index.js';
import { TurnDrive } from '../../../src/modules/sessions/drive/turn-drive.js';
import { type TurnPlan } from '../../../src/modules/sessions/drive/turn-plan.js';
import { type TurnRecorder } from '../../../src/modules/sessions/drive/turn-recorder.js';
import { usageOf } from '../../../src/modules/sessions/drive/turn-usage.js';
import { type StoredParserState } from '../../../src/modules/sessions/storage/turn.entity.js';
import { turn } from '../../support/run-agent.js';

const CALL: Tokens = {
  ...{ inputTokens: 1, outputTokens: 20, cacheReadTokens: 300, cacheWriteTokens: 4_000 },
  reasoningTokens: null,
};
const WHOLE: Usage = {
  ...{ ...CALL, inputTokens: 9, costUsd: 1, costIsEstimate: false },
  ...{ contextWindow: 200_000, contextTokens: 4_301 },
};

/** Tells of a call with every line, and of the whole with the line `result`. */
class CallingAdapter extends DemoAdapter {
  override parse(state: StoredParserState, line: string): ReturnType<DemoAdapter['parse']> {
    return line === 'result'
      ? { state: { ...state, usage: WHOLE }, facts: [] }
      : { state, facts: [{ type: 'model-call', model: 'm', tokens: CALL }] };
  }
}

/** Drives a turn that says these lines until it is killed: what is stored of it then. */
const killed = async (
  output: string,
  parser: StoredParserState | null = null,
): Promise<StoredParserState | null> => {
  const row = {
    ...{ id: 'turn', nonce: '', attempts: 1, state: 'running', waiting: null, startedAt: null },
    ...{ stdoutOffset: 0, stderrOffset: 0, unreachableMs: 0, parser },
  };
  const recorder = {
    said: (state: StoredParserState) => {
      row.parser = state;
    },
    room: () => Promise.resolve(),
  };
  const follow = async function* (): AsyncGenerator<RunEvent> {
    const data = Buffer.from(output);
    yield await Promise.resolve({ type: 'output', stream: 'stdout', data, offset: data.length });
    yield { type: 'ended', verdict: { kind: 'lost', cause: 'killed' } };
  };
  const plan = {
    ...{ row, adapter: new CallingAdapter(), request: turn('x'), cwd: '/', env: {} },
    host: { name: 'devbox', runs: { follow } } as unknown as Host,
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
  await new TurnDrive(plan, recorder as unknown as TurnRecorder, signal, steps, false).toTheEnd();
  return row.parser;
};

describe('What a turn has used that was ended before its agent could tell', () => {
  it('is the sum of the calls that it told of, whoever followed it', async () => {
    const first = await killed('call\ncall\n');
    const second = await killed('call\n', first);
    expect(usageOf(second)).toEqual({
      ...{ inputTokens: 3, outputTokens: 60, cacheReadTokens: 900, cacheWriteTokens: 12_000 },
      ...{ reasoningTokens: null, costUsd: null, costIsEstimate: false },
      ...{ contextWindow: null, contextTokens: null },
    });
  });

  it('is what the agent says when it came to that', async () => {
    expect(usageOf(await killed('call\nresult\ncall\n'))).toEqual(WHOLE);
  });

  it('is unknown when it told of no call', async () => {
    expect(usageOf(await killed(''))).toBeNull();
    expect(usageOf(null)).toBeNull();
  });
});
