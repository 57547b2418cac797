import { describe, expect, it } from '@jest/globals';
import { type Outcome } from '../../../src/agents/adapter.js';
import { ClaudeCodeAdapter } from '../../../src/agents/claude-code/claude-code-adapter.js';
import { exited, playBack, recording } from './recordings.js';

const adapter = new ClaudeCodeAdapter();

const verdict = (outcome: Outcome): string =>
  outcome.kind === 'failed' ? outcome.failure.code : outcome.kind;

describe('The verdict over a run of Claude Code', () => {
  it('names the signal that ended the process', () => {
    const killed = { exitCode: 137, signal: 'SIGKILL', stderrTail: '' };
    const { outcome } = playBack(adapter, '', killed);
    expect(outcome).toMatchObject({ failure: { message: expect.stringContaining('SIGKILL') } });
    const terminated = playBack(adapter, '', exited(143)).outcome;
    expect(terminated).toMatchObject({ failure: { message: expect.stringContaining('SIGTERM') } });
  });
});

describe('A limit of the provider', () => {
  const limited = (line: object): Outcome => {
    const result = { type: 'result', subtype: 'success', is_error: true, api_error_status: 429 };
    const lines = [JSON.stringify(line), JSON.stringify({ ...result, ...line, type: 'result' })];
    return playBack(adapter, lines.join('\n'), exited(1)).outcome;
  };

  it('resumes when the structured event says so', () => {
    const rate_limit_info = { status: 'rejected', resetsAt: 1_800_000_000 };
    expect(limited({ type: 'rate_limit_event', rate_limit_info })).toMatchObject({
      kind: 'limited',
      resumesAt: '2027-01-15T08:00:00.000Z',
    });
  });

  it.each([1e20, -3, 1.7e308])('is not waited for until %s, which is no time', (resetsAt) => {
    const rate_limit_info = { status: 'rejected', resetsAt };
    expect(limited({ type: 'rate_limit_event', rate_limit_info })).toMatchObject({
      ...{ kind: 'limited', resumesAt: null },
    });
  });

  it('resumes when its notice says so', () => {
    expect(limited({ result: 'Claude AI usage limit reached|1800000000' })).toMatchObject({
      kind: 'limited',
      failure: { code: 'agent/limit' },
      resumesAt: '2027-01-15T08:00:00.000Z',
    });
  });

  it('has no known end when nobody says so', () => {
    const { stdout, end } = recording('claude-2.1.330', 'err-429');
    expect(playBack(adapter, stdout, end).outcome).toMatchObject({ resumesAt: null });
  });

  it('is not what a budget of the session is', () => {
    const { stdout, end } = recording('claude-2.1.330', 'max-budget');
    expect(playBack(adapter, stdout, end).outcome).toMatchObject({
      kind: 'failed',
      failure: { code: 'agent/limit', recoverable: false },
    });
  });
});

describe('A full context', () => {
  const tooLong = (more: object): string =>
    JSON.stringify({
      ...{ type: 'result', subtype: 'success', is_error: true, api_error_status: 400 },
      ...{ result: 'Prompt is too long · start over', ...more },
    });

  it('is recognised by its reason and by the notice of older versions', () => {
    const named = tooLong({ terminal_reason: 'prompt_too_long', result: 'Too much' });
    for (const line of [named, tooLong({})]) {
      const { outcome } = playBack(adapter, line, exited(1));
      expect(verdict(outcome)).toBe('agent/context-full');
    }
  });
});
