import { describe, expect, it } from '@jest/globals';
import { type Fact } from '../../../src/agents/adapter.js';
import { ClaudeCodeAdapter } from '../../../src/agents/claude-code/claude-code-adapter.js';
import { exited, playBack, recordedCases, recording } from './recordings.js';

const adapter = new ClaudeCodeAdapter();
const VERSIONS = ['claude-2.1.197', 'claude-2.1.330'];
const play = (version: string, name: string) => {
  const { stdout, end } = recording(version, name);
  return playBack(adapter, stdout, end);
};
const tools = (facts: Fact[]): string[] =>
  facts.flatMap((fact) =>
    fact.type === 'tool' ? [`${fact.phase} ${fact.name}: ${fact.summary ?? ''}`] : [],
  );
const delta = (text: string): string =>
  JSON.stringify({
    type: 'stream_event',
    event: { type: 'content_block_delta', delta: { type: 'text_delta', text } },
  });
const START = JSON.stringify({ type: 'stream_event', event: { type: 'message_start' } });
const whole = (text: string, id = 'msg_1'): string =>
  JSON.stringify({ type: 'assistant', message: { id, content: [{ type: 'text', text }] } });
const shownBy = (...lines: string[]): string =>
  playBack(adapter, lines.join('\n'), exited(0)).shown;

describe.each(VERSIONS)('Output of %s', (version) => {
  it('gives the conversation, the answer and what it cost', () => {
    const { state, shown, outcome } = play(version, 'new');
    const answer = 'Hello there.\nSecond line with ünïcödé 🎉 and "quotes".';
    expect(outcome).toEqual({ kind: 'completed', text: answer });
    expect(shown).toBe(answer);
    expect(state.providerSessionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(state.usage).toEqual({
      ...{ inputTokens: 1200, outputTokens: 34, cacheReadTokens: 1000, cacheWriteTokens: 100 },
      ...{ reasoningTokens: version.endsWith('330') ? 0 : null, costIsEstimate: false },
      costUsd: version.endsWith('330') ? 0.00618 : 0.007975,
      ...{ contextWindow: 1_000_000, contextTokens: 2300 },
    });
  });

  it('keeps the conversation of a turn that was killed', () => {
    expect(play(version, 'kill-SIGKILL-stream').state.providerSessionId).not.toBeNull();
  });

  it('counts a resumed turn alone', () => {
    const { state } = play(version, 'resume');
    const costUsd = version.endsWith('330') ? 0.00618 : 0.007975;
    expect(state.usage).toMatchObject({ inputTokens: 1200, outputTokens: 34, costUsd });
  });

  it('sums a turn of several requests, and takes the context from the last of them', () => {
    const { state } = play(version, 'tools-auto');
    expect(state.usage).toMatchObject({ inputTokens: 6000, contextTokens: 2300 });
  });

  it('tells each call of a model when its answer is whole, those of sub-agents too', () => {
    const { state, facts } = play(version, 'subagent');
    const model = version.endsWith('330') ? 'claude-opus-5-5' : 'claude-opus-4-8';
    const calls = facts.flatMap((fact) => (fact.type === 'model-call' ? [fact] : []));
    const own = { inputTokens: 1200, outputTokens: 34, cacheReadTokens: 1000 };
    expect(calls).toMatchObject([
      { model, tokens: own },
      // Of what a sub-agent writes before it uses a tool, the CLI tells no count.
      { model, tokens: { inputTokens: 77, outputTokens: 1, cacheReadTokens: 70 } },
      { model, tokens: { inputTokens: 77, outputTokens: 7, cacheReadTokens: 70 } },
      { model, tokens: own },
    ]);
    expect(state).toMatchObject({
      model,
      usage: {
        ...{ inputTokens: 2 * 1277, outputTokens: 2 * 41, cacheReadTokens: 2 * 1070 },
        contextTokens: 2300,
      },
    });
  });

  it('tells what the model thinks, once, and not as its answer', () => {
    const { facts, shown, outcome } = play(version, 'subagent');
    const thoughts = facts.map((fact) => (fact.type === 'reasoning' ? fact.text : ''));
    expect(thoughts.filter(Boolean).length).toBeGreaterThan(4);
    expect(thoughts.join('')).toBe('pondering deeply\n\nagain');
    expect({ shown, outcome }).toEqual({
      shown: 'outer done',
      outcome: { kind: 'completed', text: 'outer done' },
    });
  });

  it('knows every event that was ever recorded', () => {
    const unknown = recordedCases(version).flatMap((name) =>
      play(version, name).facts.filter(({ type }) => type === 'unknown'),
    );
    expect(unknown).toEqual([]);
  });

  it('tells which tools ran, on what, and which failed', () => {
    const told = tools(play(version, 'tools-auto').facts);
    expect(told).toHaveLength(8);
    expect(told[0]).toMatch(/^started Bash: echo hi-from-bash/);
    expect(told[1]).toMatch(/^completed Bash: echo hi-from-bash/);
    expect(told[4]).toMatch(/^started Edit: .*PLAN\.md$/);
    expect(told[7]).toMatch(/^failed Bash: Exit code 3/);
  });

  it('tells what a read-only turn was refused', () => {
    const told = tools(play(version, 'readonly').facts);
    expect(told.filter((line) => line.startsWith('failed'))).toHaveLength(2);
    expect(told.at(-1)).toMatch(/^failed Edit: .*plan mode/);
  });

  it('shows nothing of the errors that the CLI writes as messages', () => {
    expect(play(version, 'err-401')).toMatchObject({ shown: '', state: { text: null } });
  });
});

describe('Streamed text', () => {
  it('is shown as it comes, and only once', () => {
    const { facts, shown, outcome } = play('claude-2.1.197', 'partial');
    expect(facts.filter((fact) => fact.type === 'text').length).toBeGreaterThan(4);
    expect(shown.match(/All done here\./g)).toHaveLength(1);
    expect(outcome).toEqual({ kind: 'completed', text: 'All done here.' });
  });

  it('is not repeated when a broken request is repeated', () => {
    expect(shownBy(START, delta('never '), START, delta('never '), delta('done'))).toBe(
      'never done',
    );
    expect(shownBy(START, delta('never qui'), whole('never quite'))).toBe('never quite');
    expect(shownBy(START, delta('nev'), START, delta('never'), whole('never'))).toBe('never');
  });

  it('starts anew when the repeated request says something else', () => {
    expect(shownBy(START, delta('yes, '), START, delta('yet no'), whole('yet no'))).toBe(
      'yes, \nyet no',
    );
  });

  it('keeps the blocks of a turn apart', () => {
    expect(shownBy(delta('one'), whole('one'), delta('two'), whole('two', 'msg_2'))).toBe(
      'one\n\ntwo',
    );
  });

  it('of a sub-agent is not the answer', () => {
    const message = { id: 'm', content: [{ type: 'text', text: 'inner thoughts' }] };
    const inner = JSON.stringify({ type: 'assistant', parent_tool_use_id: 'toolu_1', message });
    const { shown, state } = playBack(adapter, inner, exited(0));
    expect({ shown, text: state.text }).toEqual({ shown: '', text: null });
  });
});

describe('Events of another version', () => {
  it.each([
    [{ type: 'tomorrow', x: 1 }, 'tomorrow'],
    [{ type: 'system', subtype: 'tomorrow' }, 'system.tomorrow'],
  ])('%j are kept as unknown', (event, name) => {
    const raw = JSON.stringify(event);
    expect(playBack(adapter, raw, exited(0)).facts).toEqual([{ type: 'unknown', name, raw }]);
  });

  it.each([
    { type: 'keep_alive' },
    { type: 'control_response', response: {} },
    { type: 'system', subtype: 'compact_boundary' },
  ])('%j says nothing, and is known to', (event) => {
    expect(playBack(adapter, JSON.stringify(event), exited(0)).facts).toEqual([]);
  });
});

describe('A call of a model', () => {
  const begun = (id: string): string =>
    JSON.stringify({
      type: 'stream_event',
      event: {
        type: 'message_start',
        message: { id, model: 'm', usage: { input_tokens: 5, output_tokens: 1 } },
      },
    });
  const ended = JSON.stringify({
    type: 'stream_event',
    event: { type: 'message_delta', usage: { output_tokens: 9 } },
  });
  const came = (id: string): string =>
    JSON.stringify({
      type: 'assistant',
      message: { id, model: 'm', content: [], usage: { input_tokens: 5, output_tokens: 9 } },
    });
  const calls = (...lines: string[]): Fact[] =>
    playBack(adapter, lines.join('\n'), exited(0)).facts.filter(
      ({ type }) => type === 'model-call',
    );

  it('is told when it has been streamed, by the counts of its end', () => {
    expect(calls(begun('a'), came('a'))).toEqual([]);
    expect(calls(begun('a'), came('a'), ended, came('a'))).toMatchObject([
      { model: 'm', tokens: { inputTokens: 5, outputTokens: 9, reasoningTokens: null } },
    ]);
  });

  it('that was not streamed is told once, however many lines it has', () => {
    expect(calls(begun('a'), came('b'), came('b'))).toHaveLength(1);
  });
});
