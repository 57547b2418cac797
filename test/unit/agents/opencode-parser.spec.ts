import { describe, expect, it } from '@jest/globals';
import { type Fact } from '../../../src/agents/adapter.js';
import { OpenCodeAdapter } from '../../../src/agents/opencode/opencode-adapter.js';
import { exited, type Playback, playBack, recording } from './recordings.js';

const adapter = new OpenCodeAdapter();
const VERSION = 'opencode-1.18.33';
const play = (name: string): Playback => {
  const { stdout, end } = recording(VERSION, name);
  return playBack(adapter, stdout, end);
};
const tools = (facts: Fact[]): string[] =>
  facts.flatMap((fact) =>
    fact.type === 'tool' ? [`${fact.phase} ${fact.name}: ${fact.summary ?? ''}`] : [],
  );
const failed = (error: object, exitCode = 1): Playback => {
  const event = { type: 'error', sessionID: 'ses_1', error };
  return playBack(adapter, JSON.stringify(event), exited(exitCode));
};

describe(`Output of ${VERSION}`, () => {
  it('gives the conversation, the answer, each call of the model, and what all of them used', () => {
    const { state, shown, outcome, facts } = play('thinking');
    expect(outcome).toEqual({ kind: 'completed', text: 'done' });
    expect(shown).toBe('Working.\n\ndone');
    expect(state.providerSessionId).toBe('ses_dfc2d48d4ffeTpH4ta6j5khBdV');
    const thoughts = facts.flatMap((fact) => (fact.type === 'reasoning' ? [fact.text] : []));
    expect(thoughts).toEqual(['thinking about it']);
    const calls = facts.flatMap((fact) => (fact.type === 'model-call' ? [fact.tokens] : []));
    const call = { inputTokens: 1200, outputTokens: 34, cacheReadTokens: 1000 };
    expect(calls).toEqual([
      { ...call, cacheWriteTokens: 0, reasoningTokens: 5 },
      { ...call, cacheWriteTokens: 0, reasoningTokens: 0 },
    ]);
    expect(state.usage).toEqual({
      ...{ inputTokens: 2400, outputTokens: 68, cacheReadTokens: 2000, cacheWriteTokens: 0 },
      ...{ reasoningTokens: 5, costUsd: 0.002736, costIsEstimate: false },
      // Of the last call.
      ...{ contextWindow: null, contextTokens: 2200 },
    });
  });

  it('gives no cost where it knows no prices', () => {
    expect(play('same-session-b').state.usage?.costUsd).toBeNull();
  });

  it('tells which tools ran, on what, and which failed', () => {
    expect(tools(play('tools-auto').facts)).toEqual([
      ...['started bash: echo hi-from-bash; ls; pwd', 'completed bash: echo hi-from-bash; ls; pwd'],
      ...['started read: /lab/work/opencode/PLAN.md', 'completed read: /lab/work/opencode/PLAN.md'],
      ...['started edit: /lab/work/opencode/PLAN.md', 'completed edit: /lab/work/opencode/PLAN.md'],
      ...['started bash: exit 3', 'failed bash: Exit code 3:'],
    ]);
  });

  it('keeps the conversation of a turn that was killed', () => {
    expect(play('kill-SIGTERM-stream').state.providerSessionId).toMatch(/^ses_/);
  });

  it('does not take its own words for those of the model', () => {
    const { shown } = play('err-ctx');
    expect(shown).not.toContain('media attachments');
    expect(shown).toContain('Hello from the fake model.');
  });

  it('has for an answer the last attempt alone, where one broke off', () => {
    const part = { messageID: 'm1' };
    const lines = [
      { type: 'step_start', part },
      { type: 'text', part: { ...part, text: 'Once upon' } },
      { type: 'step_start', part },
      { type: 'text', part: { ...part, text: 'Once upon a time.' } },
      { type: 'text', part: { ...part, text: 'The end.' } },
      { type: 'step_finish', part: { reason: 'stop' } },
    ].map((event) => JSON.stringify({ sessionID: 'ses_1', ...event }));
    expect(playBack(adapter, lines.join('\n'), exited(0)).outcome).toEqual({
      ...{ kind: 'completed', text: 'Once upon a time.\n\nThe end.' },
    });
  });
});

describe('A failure of OpenCode', () => {
  it('after which it went on is one all the same, and another turn may help', () => {
    expect(play('err-ctx').outcome).toMatchObject({
      failure: { code: 'agent/context-full', recoverable: true },
    });
    const message = 'Your input exceeds the context window of this model.';
    expect(failed({ name: 'ContextOverflowError', data: { message } }).outcome).toMatchObject({
      failure: { code: 'agent/context-full', recoverable: false },
    });
  });

  it.each([
    ['ProviderAuthError', {}, 'agent/auth-failed'],
    ['MessageOutputLengthError', {}, 'agent/limit'],
    ['APIError', { statusCode: 402 }, 'agent/limit'],
    ['APIError', { statusCode: 404 }, 'agent/unsupported'],
    ['APIError', { statusCode: 418 }, 'agent/crashed'],
    ['APIError', { message: 'Your credit balance is too low to go on' }, 'agent/limit'],
    [
      'APIError',
      { statusCode: 429, responseBody: '{"error":{"code":"insufficient_quota"}}' },
      'agent/limit',
    ],
    ['UnknownError', { message: 'Rate limits, 401 and Overloaded are words' }, 'agent/crashed'],
  ])('named %s with %j is %s', (name, data, code) => {
    expect(failed({ name, data }).outcome).toMatchObject({ kind: 'failed', failure: { code } });
  });

  it.each([
    ['retry-after', { responseHeaders: { 'retry-after': '120' } }, 120],
    ['retry-after-ms', { responseHeaders: { 'Retry-After-Ms': '90000' } }, 90],
    ['seconds in the body', { responseBody: '{"error":{"resets_in_seconds":300}}' }, 300],
    ['words', { message: 'Rate limit reached. Please try again in 1m30s.' }, 90],
    [
      'words of its own plan',
      { message: 'Go usage limit reached. It will reset in 2 hours 5 minutes.' },
      7_500,
    ],
    [
      'the latest of them',
      {
        responseHeaders: { 'retry-after': '1' },
        responseBody: '{"error":{"resets_in_seconds":60}}',
      },
      60,
    ],
  ])('that is a limit resets by %s', (_, data, seconds) => {
    const before = Date.now();
    const { outcome } = failed({ name: 'APIError', data: { statusCode: 429, ...data } });
    if (outcome.kind !== 'limited') throw new Error(`It is ${outcome.kind}`);
    const late = Date.parse(outcome.resumesAt ?? '') - before - seconds * 1_000;
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(60_000);
  });

  it('that is a limit resets at the instant that its body names, in whatever form', () => {
    const at = Math.ceil(Date.now() / 1_000) + 3_600;
    for (const resets_at of [at, at * 1_000, new Date(at * 1_000).toISOString()]) {
      const responseBody = JSON.stringify({ error: { type: 'usage_limit_reached', resets_at } });
      const { outcome } = failed({ name: 'APIError', data: { statusCode: 429, responseBody } });
      expect(outcome).toMatchObject({ resumesAt: new Date(at * 1_000).toISOString() });
    }
    for (const resets_at of [0, -1, 'never', 1e30, null]) {
      const responseBody = JSON.stringify({ error: { resets_at } });
      const { outcome } = failed({ name: 'APIError', data: { statusCode: 429, responseBody } });
      expect(outcome).toMatchObject({ kind: 'limited', resumesAt: null });
    }
  });
});

describe('The questions to OpenCode', () => {
  const said = (stdout: string, exitCode = 0) => ({ exitCode, stdout, stderr: '' });

  it('tell whether somebody is signed in', () => {
    const { question } = adapter.login;
    const list = (text: string): string => question.read(said(text)).state;
    expect(list('┌  Credentials ~/.local\n│\n└  0 credentials\n')).toBe('signed-out');
    expect(list('└  1 credentials\n')).toBe('signed-in');
    expect(list('└  0 credentials\n┌  Environment\n└  1 environment variable\n')).toBe('signed-in');
    expect(list('')).toBe('unknown');
    expect(question.read(said('└  1 credentials', 1)).state).toBe('unknown');
  });

  it('tell the models with their efforts', () => {
    const one = { name: 'One', limit: { context: 200_000 }, variants: { low: {}, high: {} } };
    const text = `a/one\n${JSON.stringify(one, null, 2)}\nb/two/x\n{\n  "name": 3\n}\n`;
    expect(adapter.models.read(said(text))).toEqual([
      { id: 'a/one', name: 'One', contextWindow: 200_000, effort: ['low', 'high'] },
      { id: 'b/two/x', name: null, contextWindow: null, effort: null },
    ]);
    expect(adapter.models.read(said(text, 1))).toBeNull();
  });
});
