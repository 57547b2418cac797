import { describe, expect, it } from '@jest/globals';
import { type Fact } from '../../../src/agents/adapter.js';
import { GeminiCliAdapter } from '../../../src/agents/gemini-cli/gemini-cli-adapter.js';
import { exited, playBack, type Playback, recordedCases, recording } from './recordings.js';

const adapter = new GeminiCliAdapter();
const VERSION = 'gemini-0.61.0';
const play = (name: string): Playback => {
  const { stdout, end } = recording(VERSION, name);
  return playBack(adapter, stdout, end);
};
const tools = (facts: Fact[]): string[] =>
  facts.flatMap((fact) =>
    fact.type === 'tool' ? [`${fact.phase} ${fact.name}: ${fact.summary ?? ''}`] : [],
  );
const line = (event: object): string => JSON.stringify(event);

/** An answer in pieces, each so many milliseconds after the one before. */
const streamed = (...pieces: [number, string][]): Playback => {
  let at = Date.parse('2026-11-22T15:52:42.661Z');
  const said = pieces.map(([pause, content]) => {
    at += pause;
    const timestamp = new Date(at).toISOString();
    return line({ type: 'message', timestamp, role: 'assistant', content, delta: true });
  });
  const end = line({ type: 'result', status: 'success' });
  return playBack(adapter, [...said, end].join('\n'), exited(0));
};

describe(`Output of ${VERSION}`, () => {
  it('gives the conversation, the answer and what it used', () => {
    const { state, shown, outcome } = play('new');
    const answer = 'Hello there.\nSecond line with ünïcödé 🎉 and "quotes".';
    expect(outcome).toEqual({ kind: 'completed', text: answer });
    expect(shown).toBe(answer);
    expect(state.providerSessionId).toBe('e8818620-613c-424e-957a-7cd5639cbcfd');
    expect(state.usage).toEqual({
      ...{ inputTokens: 2400, outputTokens: 68, cacheReadTokens: 2000, cacheWriteTokens: 0 },
      ...{
        reasoningTokens: 0,
        costUsd: null,
        costIsEstimate: false,
        contextWindow: null,
        contextTokens: null,
      },
    });
  });

  it('names the model that answers, also when it chooses one itself', () => {
    expect(play('model').state.model).toMatch(/^gemini-/);
    const chosen = [
      line({ type: 'init', session_id: 's', model: 'auto' }),
      line({
        type: 'result',
        status: 'success',
        stats: {
          models: {
            'gemini-2.5-flash-lite': { output_tokens: 3 },
            'gemini-3-pro': { output_tokens: 30 },
          },
        },
      }),
    ].join('\n');
    expect(playBack(adapter, chosen, exited(0)).state.model).toBe('gemini-3-pro');
  });

  it('knows every event that was ever recorded', () => {
    const facts = recordedCases(VERSION).flatMap((name) => play(name).facts);
    expect(facts.filter(({ type }) => type === 'unknown')).toEqual([]);
  });

  it('counts what the model thought as output', () => {
    const stats = { total_tokens: 1500, input_tokens: 1200, output_tokens: 40, cached: 200 };
    const { state } = playBack(
      adapter,
      line({ type: 'result', status: 'success', stats }),
      exited(0),
    );
    expect(state.usage).toMatchObject({
      ...{ inputTokens: 1000, outputTokens: 300, cacheReadTokens: 200 },
    });
  });

  it('keeps the conversation of a turn that was killed, and what it had said', () => {
    const { state, shown } = play('norelaunch-kill-SIGTERM-stream');
    expect(state.providerSessionId).not.toBeNull();
    expect(shown).toMatch(/^w0 w919 /);
    expect(state.text).toBe(shown);
  });

  it('has the last of its messages for an answer, and shows them all', () => {
    const { shown, state } = play('tools-auto');
    expect(shown).toMatch(/^Let me look first\.\n\nREPORT LEN=900 /);
    expect(state.text).toMatch(/^REPORT LEN=900 /);
    expect(state.text).not.toContain('Let me look');
  });

  it('tells which tools ran, on what, and which failed', () => {
    expect(tools(play('tools-auto').facts)).toEqual([
      'started run_shell_command: echo hi-from-bash; ls; pwd',
      'completed run_shell_command: echo hi-from-bash; ls; pwd',
      'started read_file: /lab/work/gemini/PLAN.md',
      'completed read_file: /lab/work/gemini/PLAN.md',
      'started replace: /lab/work/gemini/PLAN.md',
      'completed replace: /lab/work/gemini/PLAN.md',
      'started run_shell_command: exit 3',
      'failed run_shell_command: Command exited with code: 3',
    ]);
    const refused = [
      line({ type: 'tool_use', tool_name: 'write_file', tool_id: 'a', parameters: null }),
      line({ type: 'tool_result', tool_id: 'a', status: 'error', error: { message: 'Denied' } }),
      line({ type: 'tool_result', tool_id: 'never-begun', status: 'success' }),
    ];
    expect(tools(playBack(adapter, refused.join('\n'), exited(0)).facts)).toEqual([
      ...['started write_file: ', 'failed write_file: Denied'],
    ]);
  });

  it('does not show the prompt and its own complaints', () => {
    expect(play('err-401')).toMatchObject({ shown: '', facts: [], state: { text: null } });
    expect(play('empty').shown).toBe('');
    expect(play('err-429-then-ok').shown).toMatch(/^recovered/);
  });
});

describe('An answer that broke off and is streamed again', () => {
  it('is shown once', () => {
    expect(play('errmid-529')).toMatchObject({
      ...{ shown: 'never quite done', state: { text: 'never quite done' } },
    });
  });

  it('goes on where it had broken off, however often it has', () => {
    const { shown, outcome } = streamed(
      ...([
        [0, 'One '],
        [5, 'two '],
        [1_200, 'One '],
        [5, 'two '],
      ] as [number, string][]),
      ...([
        [2_100, 'One '],
        [4_000, 'One '],
        [5, 'two '],
        [5, 'three.'],
      ] as [number, string][]),
    );
    expect(shown).toBe('One two three.');
    expect(outcome).toEqual({ kind: 'completed', text: 'One two three.' });
  });

  it('is not mistaken for one that repeats itself', () => {
    const answer = 'No, no. No, no. Yes.';
    const pieces: [number, string][] = [
      [0, 'No, no. '],
      [5, 'No, no. '],
      [5, 'Yes.'],
    ];
    expect(streamed(...pieces)).toMatchObject({
      ...{ shown: answer, outcome: { kind: 'completed', text: answer } },
    });
  });

  it('loses nothing of one that only begins alike after a pause', () => {
    const more: [number, string][] = [
      [0, 'The end of it is '],
      [5, 'near. '],
      [3_000, 'The '],
    ];
    const answer = 'The end of it is near. The sun.';
    expect(streamed(...more, [5, 'sun.'])).toMatchObject({
      ...{ shown: answer, outcome: { kind: 'completed', text: answer } },
    });
    expect(streamed(...more)).toMatchObject({
      ...{ shown: 'The end of it is near. The ', state: { text: 'The end of it is near. The ' } },
    });
  });
});
