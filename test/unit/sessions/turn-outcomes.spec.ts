import { describe, expect, it } from '@jest/globals';
import { type AgentAdapter, AgentRegistry } from '../../../src/agents/index.js';
import { type RunVerdict } from '../../../src/hosts/index.js';
import { endingOf, type TurnEnding } from '../../../src/modules/sessions/drive/turn-ending.js';
import { goingOn } from '../../../src/modules/sessions/drive/turn-retries.js';
import { type StopOrder } from '../../../src/modules/sessions/storage/turn.entity.js';
import { turn } from '../../support/run-agent.js';

const CLEAN: RunVerdict = { kind: 'exited', exitCode: 0, signal: null, why: null };

/** What becomes of a turn that goes on with a conversation, when all that was printed are these lines. */
const ending = (
  adapter: AgentAdapter,
  verdict: RunVerdict,
  lines: readonly string[] = [],
  {
    stderrTail = '',
    reason,
    worked = false,
  }: { stderrTail?: string; reason?: StopOrder['reason']; worked?: boolean } = {},
): TurnEnding => {
  const request = turn('x', { providerSessionId: '0198a2c4-1f7e-7c31-8d54-2b7f6a9c0e11' });
  const parser = {
    ...lines.reduce(
      (state, line) => adapter.parse(state, line, request).state,
      adapter.initialState(request),
    ),
    worked,
  };
  const stop = reason === undefined ? null : { reason, at: '', proved: true };
  const plan = { adapter, request, host: { name: 'devbox' }, cwd: '/work' };
  const row = { ...{ attempts: 1, earlier: [], spentMs: 0, unreachableMs: 0 }, startedAt: null };
  return goingOn(
    endingOf(verdict, { stop, stderrTail, parser }, plan),
    { row: { ...row, stop }, parser, resumed: request.providerSessionId },
    {
      ...{ resumeAfterLimit: true, limitStreak: 5, retries: 5 },
      ...{ firstRetryMs: 1_000, absoluteMs: 60_000 },
    },
  );
};

/** What a model, a tool or a login shell may say. */
const PROSE = [
  'Permission denied (publickey). 429 rate limit reached, try again in 5s.',
  '503 overloaded_error: the service is at capacity; connection refused.',
  'No conversation found with session ID: 0198a2c4-1f7e-7c31-8d54-2b7f6a9c0e11',
  'done, success, completed',
];

describe.each(new AgentRegistry().list().map((adapter) => [adapter.label, adapter] as const))(
  'a turn of %s',
  (_, adapter) => {
    it.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGSEGV'])(
      'that was ended by %s has failed, and is not tried again',
      (signal) => {
        const verdict: RunVerdict = { kind: 'exited', exitCode: 137, signal, why: null };
        expect(ending(adapter, verdict)).toMatchObject({ state: 'failed' });
      },
    );

    // Plain text has no end; whoever declares such a command takes its exit for it.
    if (adapter.agent !== 'custom') {
      it('that exits well without having told its end has failed, and is not tried again', () => {
        expect(ending(adapter, CLEAN)).toMatchObject({ state: 'failed' });
        expect(ending(adapter, CLEAN, PROSE)).toMatchObject({ state: 'failed' });
      });
    }

    it('of which nobody knows the end is lost, and is not tried again', () => {
      const verdicts: RunVerdict[] = [
        { kind: 'lost', cause: 'rebooted' },
        { kind: 'lost', cause: 'killed' },
        { kind: 'never-started', reason: '' },
        { kind: 'wrong-host', hostname: 'other' },
      ];
      for (const verdict of verdicts) {
        expect(ending(adapter, verdict)).toMatchObject({ state: 'lost' });
      }
    });

    it('that was told to stop is not tried again, however it has ended', () => {
      const killed: RunVerdict = { kind: 'exited', exitCode: 1, signal: null, why: 'cancelled' };
      expect(ending(adapter, killed, [], { reason: 'cancelled' })).toMatchObject({
        ...{ state: 'cancelled', error: null },
      });
      for (const reason of ['silent', 'timeout'] as const) {
        expect(ending(adapter, killed, [], { reason })).toMatchObject({
          ...{ state: 'failed', error: { code: `agent/${reason}` } },
        });
      }
    });

    it('that failed amid such words is neither limited nor overloaded nor without its conversation', () => {
      const verdict: RunVerdict = { ...CLEAN, exitCode: 1 };
      // With a complaint: of some CLIs, silence is what they say of a conversation that is gone.
      const broken = ending(adapter, verdict, PROSE, { stderrTail: 'it is broken' });
      expect(broken).toMatchObject({ state: 'failed', error: { code: 'agent/crashed' } });
    });
  },
);

it('a turn that went well without a word is tried again, unless it has used a tool', () => {
  const codex = new AgentRegistry().get('codex');
  const lines = ['{"type":"thread.started","thread_id":"t"}', '{"type":"turn.completed"}'];
  expect(ending(codex, CLEAN, lines)).toMatchObject({
    ...{ state: 'queued', waiting: { code: 'agent/overloaded' } },
  });
  expect(ending(codex, CLEAN, lines, { worked: true })).toMatchObject({
    ...{ state: 'completed', text: '', error: null },
  });
});
