import { describe, expect, it } from '@jest/globals';
import { type Fact, type Outcome } from '../../../src/agents/adapter.js';
import { CopilotCliAdapter } from '../../../src/agents/copilot-cli/copilot-cli-adapter.js';
import { resetTime } from '../../../src/agents/copilot-cli/reset-time.js';
import { turn } from '../../support/run-agent.js';
import { exited, playBack, recording } from './recordings.js';

const adapter = new CopilotCliAdapter();
const VERSION = 'copilot-1.0.102';
const play = (name: string) => {
  const { stdout, end } = recording(VERSION, name);
  return playBack(adapter, stdout, end);
};
const lines = (...events: object[]): string =>
  events.map((event) => JSON.stringify(event)).join('\n');
const tools = (facts: Fact[]): string[] =>
  facts.flatMap((fact) =>
    fact.type === 'tool' ? [`${fact.phase} ${fact.name}: ${fact.summary ?? ''}`] : [],
  );
const NO_COST = { costUsd: null, costIsEstimate: false, contextWindow: null, contextTokens: null };
const result = (exitCode: number): object => ({ type: 'result', sessionId: 's', exitCode });

describe(`Output of ${VERSION}`, () => {
  it('gives the answer, the thoughts, the model and the conversation', () => {
    const { state, facts, shown } = play('new');
    expect(state).toMatchObject({
      ...{ text: 'Hello there.\nSecond line with ünïcödé 🎉 and "quotes".', model: 'fake-model' },
      ...{ providerSessionId: '1b4e725c-bced-4835-ab80-540571c2b1da' },
    });
    expect(shown).toBe(state.text);
    const thoughts = facts.map((fact) => (fact.type === 'reasoning' ? fact.text : '')).join('');
    expect(thoughts).toBe('I will greet the user.');
    expect(facts.some(({ type }) => type === 'unknown')).toBe(false);
  });

  it('tells what the turn used, of all models and sub-agents, and how full the context is', () => {
    expect(play('new').state.usage).toEqual({
      ...{ inputTokens: 1_200, outputTokens: 34, cacheReadTokens: 1_000, cacheWriteTokens: 0 },
      ...{ reasoningTokens: 5, costUsd: null, costIsEstimate: false },
      ...{ contextWindow: null, contextTokens: 2_200 },
    });
    expect(play('usage-anthropic').state.usage).toMatchObject({
      ...{ inputTokens: 1_400, outputTokens: 40, cacheReadTokens: 600, cacheWriteTokens: 100 },
      ...{ reasoningTokens: null, contextTokens: 1_050 },
    });
    expect(play('usage-subagent').state.usage).toMatchObject({
      ...{ inputTokens: 3_600, outputTokens: 102, contextTokens: 2_200 },
    });
  });

  it('tells of a conversation that goes on only what this turn has used of it', () => {
    const { stdout, end } = recording(VERSION, 'usage-resume');
    const before = { inputTokens: 700, outputTokens: 20, cacheReadTokens: 300 };
    const spentBefore = { ...before, cacheWriteTokens: 0, reasoningTokens: 5 };
    const request = turn('x', { spentBefore: { ...NO_COST, ...spentBefore } });
    expect(playBack(adapter, stdout, end, request).state.usage).toMatchObject({
      ...{ inputTokens: 700, outputTokens: 20, cacheReadTokens: 300, cacheWriteTokens: 0 },
      ...{ reasoningTokens: 0, contextTokens: 1_000 },
    });
  });

  it('has completed, with no usage, where its file was not written, or holds something else', () => {
    const { stdout, end } = recording(VERSION, 'new');
    const events = stdout.trimEnd().split('\n').slice(0, -1).join('\n');
    const used = stdout.trimEnd().split('\n').at(-1) ?? '';
    for (const report of ['', used.slice(0, 500), '{}', '{"modelMetrics":{"m":1}}', '[', 'null']) {
      const { state, outcome, facts } = playBack(adapter, `${events}\n${report}\n`, end);
      expect([outcome.kind, state.usage]).toEqual(['completed', null]);
      expect(facts.some(({ type }) => type === 'unknown')).toBe(false);
    }
    expect(play('usage-err-401').state.usage).toBeNull();
  });

  it('joins an answer that was cut off and went on, and shows it once', () => {
    const { state, shown } = play('cut-once');
    expect([state.text, shown]).toEqual(['piece0 piece1 ', 'piece0 piece1 ']);
    expect(play('cut-twice').state.text).toBe('piece0 piece1 piece2 ');
    expect(play('cut-unstreamed').state.text).toBe('piece1 ');
    expect(play('maxtok').state.text).toBe('this was cut'.repeat(3));
  });

  it('keeps the conversation of a turn that was killed before its id was told', () => {
    const { stdout, end } = recording(VERSION, 'kill-SIGKILL-stream');
    const request = turn('x', { directory: '/tmp/a-turn' });
    const { state } = playBack(adapter, stdout, end, request);
    expect(adapter.launch(request).argv).toContain(
      `--session-id=${String(state.providerSessionId)}`,
    );
    const resumed = { ...request, providerSessionId: 'an-id' };
    expect(playBack(adapter, stdout, end, resumed).state.providerSessionId).toBe('an-id');
    expect(playBack(adapter, '', end, request).state.providerSessionId).toBeNull();
  });

  it.each(['errmid-529', 'drop'])('shows once what six attempts have said: %s', (name) => {
    expect(play(name).shown).toBe('never quite done');
  });

  it('tells which tools ran, on what, and which failed', () => {
    const facts = tools(play('tools-default').facts);
    expect(facts).toHaveLength(6);
    expect(facts[0]).toBe('started bash: echo hi-from-bash > made.txt');
    expect(facts[1]).toMatch(/^failed bash: Permission denied because/);
    expect(facts[3]).toBe('completed view: /lab/work/copilot/PLAN.md');
    const exit = { toolCallId: '1', success: true, shellExecution: { exitCode: 3 } };
    const told = lines(
      { type: 'tool.execution_start', data: { toolCallId: '1', toolName: 'bash', arguments: {} } },
      { type: 'tool.execution_complete', data: { ...exit, result: { content: 'no' } } },
    );
    expect(tools(playBack(adapter, told, exited(0)).facts)).toEqual([
      ...['started bash: ', 'failed bash: no'],
    ]);
  });

  it('has the answer of the agent itself, not that of one that helps it', () => {
    const { state, shown, facts } = play('subagent');
    expect(state.text).toBe('main answer');
    expect(shown).toBe('main answer');
    expect(tools(facts)).toEqual(['started task: look', 'completed task: look']);
  });
});

describe('The verdict over a run of Copilot CLI', () => {
  const failing = (data: object): Outcome =>
    playBack(adapter, lines({ type: 'session.error', data }, result(1)), exited(1)).outcome;

  it.each([
    ['agent/auth-failed', { errorType: 'authorization', message: 'No access', statusCode: 403 }],
    ['agent/auth-failed', { errorType: 'query', message: 'No', statusCode: 401 }],
    ['agent/context-full', { errorType: 'context_limit', message: 'Too much' }],
    ['agent/limit', { errorType: 'quota', errorCode: 'billing_not_configured', message: 'Pay' }],
    ['agent/overloaded', { errorType: 'query', message: 'x', statusCode: 503 }],
    ['agent/network', { errorType: 'query', message: 'Could not connect to the provider' }],
    ['agent/crashed', { errorType: 'query', message: 'I read: Could not connect, rate limit' }],
  ])('is %s for %j', (code, data) => {
    expect(failing(data)).toMatchObject({ kind: 'failed', failure: { code } });
  });

  it('waits for a limit as long as it says', () => {
    const words =
      "Sorry, you've hit a rate limit that restricts requests. Please try again in 2 hours.";
    const outcome = failing({ errorType: 'rate_limit', message: words, statusCode: 429 });
    if (outcome.kind !== 'limited') throw new Error(`It is ${outcome.kind}`);
    const wait = Date.parse(outcome.resumesAt ?? '') - Date.now();
    expect(wait).toBeGreaterThan(7_100_000);
    expect(wait).toBeLessThanOrEqual(7_200_000);
    expect(
      failing({ errorType: 'quota', errorCode: 'quota_exceeded', message: 'Gone' }),
    ).toMatchObject({ kind: 'limited', resumesAt: null });
  });

  it('forgives an error that the model has got over, and one of an agent that helps', () => {
    const error = { errorType: 'query', message: 'Overloaded' };
    const answer = { type: 'assistant.message', data: { messageId: 'm', content: 'done' } };
    const over = [{ type: 'session.error', data: error }, answer, result(0)];
    expect(playBack(adapter, lines(...over), exited(0)).outcome).toEqual({
      ...{ kind: 'completed', text: 'done' },
    });
    const helper = [answer, { type: 'session.error', agentId: 'a', data: error }, result(0)];
    expect(playBack(adapter, lines(...helper), exited(0)).outcome.kind).toBe('completed');
    const final = [answer, { type: 'session.error', data: error }, result(0)];
    expect(playBack(adapter, lines(...final), exited(0)).outcome).toMatchObject({
      failure: { code: 'agent/overloaded' },
    });
  });

  it('is no success when it was told to stop, whatever its result says', () => {
    const stopped = lines({ type: 'abort', data: { reason: 'user_abort' } }, result(0));
    expect(playBack(adapter, stopped, exited(0)).outcome).toMatchObject({
      failure: { code: 'agent/crashed' },
    });
    expect(playBack(adapter, lines(result(1)), exited(0)).outcome).toMatchObject({
      failure: { code: 'agent/protocol' },
    });
  });

  it('says how to sign in', () => {
    expect(play('noauth').outcome).toMatchObject({
      failure: { code: 'agent/auth-failed', hint: expect.stringContaining('`copilot login`') },
    });
  });
});

describe('The time at which a limit of Copilot resets', () => {
  const now = new Date('2026-11-22T21:29:35Z');
  it.each([
    ['Please try again in 58 hours.', '2026-11-25T07:29:35.000Z'],
    ['Please wait 6 seconds for your limit to reset.', '2026-11-22T21:29:41.000Z'],
    ['Please wait 2 minutes before trying again.', '2026-11-22T21:31:35.000Z'],
    ['Please try again in 1 day.', '2026-11-23T21:29:35.000Z'],
    ['Please try again later.', null],
  ])('%s', (notice, instant) => {
    expect(resetTime(notice, now)).toBe(instant);
  });
});
