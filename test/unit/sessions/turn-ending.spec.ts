import { describe, expect, it } from '@jest/globals';
import { type ProcessEnd } from '../../../src/agents/adapter.js';
import { type AgentAdapter, type Outcome } from '../../../src/agents/index.js';
import { type RunVerdict } from '../../../src/hosts/index.js';
import { endingOf } from '../../../src/modules/sessions/drive/turn-ending.js';
import { type StopOrder } from '../../../src/modules/sessions/storage/turn.entity.js';
import { turn } from '../../support/run-agent.js';

const FAILURE = { code: 'agent/crashed', message: 'x', recoverable: true } as const;
const CLEAN: RunVerdict = { kind: 'exited', exitCode: 0, signal: null, why: null };
const KILLED: RunVerdict = { kind: 'exited', exitCode: 130, signal: 'SIGINT', why: 'cancelled' };

const ending = (
  verdict: RunVerdict,
  outcome: Outcome,
  reason?: StopOrder['reason'],
  tool?: string,
) => {
  const parser = { providerSessionId: 'p', text: 'so far', model: null, usage: null, memory: {} };
  const adapter = {
    initialState: () => parser,
    conclude: () => outcome,
  } as unknown as AgentAdapter;
  const stop =
    reason === undefined ? null : { reason, at: '', proved: true, ...(tool && { tool }) };
  const plan = { adapter, request: turn('x'), host: { name: 'devbox' }, cwd: '/work' };
  return endingOf(verdict, { stop, stderrTail: '', parser }, plan);
};

const completed: Outcome = { kind: 'completed', text: 'all of it' };
const failed: Outcome = { kind: 'failed', failure: FAILURE };

describe('the end of a turn', () => {
  it('is completed when the agent says so, also when it was told to stop too late', () => {
    expect(ending(CLEAN, completed)).toMatchObject({ state: 'completed', text: 'all of it' });
    expect(ending(CLEAN, completed, 'cancelled')).toMatchObject({ state: 'completed' });
  });

  it('is completed without the signal that ended a process whose turn was over', () => {
    expect(ending(KILLED, completed)).toMatchObject({
      ...{ state: 'completed', exitCode: null, signal: null },
    });
  });

  it('is what the agent says of its failure, with what it had said before', () => {
    expect(ending({ ...CLEAN, exitCode: 3 }, failed)).toMatchObject({
      state: 'failed',
      text: 'so far',
      exitCode: 3,
      error: { code: 'agent/crashed' },
    });
  });

  it('is limited until the provider’s time, if it tells one', () => {
    const resumesAt = '2030-01-01T00:00:00.000Z';
    const failure = { ...FAILURE, code: 'agent/limit' as const };
    expect(ending(CLEAN, { kind: 'limited', failure, resumesAt })).toMatchObject({
      state: 'limited',
      resumesAt: new Date(resumesAt),
    });
    for (const unknown of [null, 'soon']) {
      expect(ending(CLEAN, { kind: 'limited', failure, resumesAt: unknown })).toMatchObject({
        ...{ state: 'limited', resumesAt: null },
      });
    }
  });

  it.each([
    ['cancelled', { state: 'cancelled', error: null }],
    ['silent', { state: 'failed', error: { code: 'agent/silent' } }],
    ['timeout', { state: 'failed', error: { code: 'agent/timeout' } }],
  ] as const)('is why it was stopped: %s', (reason, expected) => {
    const verdicts: RunVerdict[] = [
      KILLED,
      { kind: 'never-started', reason: '' },
      { kind: 'lost', cause: 'killed' },
    ];
    for (const verdict of verdicts) expect(ending(verdict, failed, reason)).toMatchObject(expected);
  });

  it('names the tool that ran for too long', () => {
    const { error } = ending(KILLED, failed, 'silent', 'Bash');
    expect(error).toMatchObject({ code: 'agent/silent', message: expect.stringContaining('Bash') });
    expect(error?.hint).toContain('limits.toolMs');
  });

  it('is lost when nobody can tell it, and names the cause', () => {
    const codeOf = (verdict: RunVerdict): unknown => {
      const { state, error } = ending(verdict, failed);
      return [state, error?.code];
    };
    expect(codeOf({ kind: 'lost', cause: 'rebooted' })).toEqual(['lost', 'host/rebooted']);
    expect(codeOf({ kind: 'lost', cause: 'orphaned' })).toEqual(['lost', 'agent/crashed']);
    expect(codeOf({ kind: 'never-started', reason: '' })).toEqual(['lost', 'agent/crashed']);
    expect(codeOf({ kind: 'wrong-host', hostname: 'b' })).toEqual(['lost', 'host/wrong-host']);
  });

  it('names the directory that cannot be entered, and its host', () => {
    const { state, error } = ending({ ...CLEAN, exitCode: 125, why: 'cwd' }, failed);
    expect([state, error?.code]).toEqual(['failed', 'host/cwd-missing']);
    expect(error?.message).toContain('/work');
    expect(error?.message).toContain('devbox');
  });

  it.each([
    ['notfound', true],
    [null, false],
  ] as const)('is judged with what the host has seen of the program: %s', (why, isMissing) => {
    const ends: ProcessEnd[] = [];
    const adapter = {
      initialState: () => ({ text: null }),
      conclude: (_: unknown, end: ProcessEnd) => (ends.push(end), failed),
    } as unknown as AgentAdapter;
    const plan = { adapter, request: turn('x'), host: { name: 'devbox' }, cwd: '/work' };
    const verdict = { ...CLEAN, exitCode: 127, why };
    endingOf(verdict, { stop: null, stderrTail: 'x', parser: null }, plan);
    expect(ends).toMatchObject([{ exitCode: 127, isMissing, hostName: 'devbox' }]);
  });
});
