import { describe, expect, it } from '@jest/globals';
import { type Fact, type Usage } from '../../../src/agents/adapter.js';
import { CodexAdapter } from '../../../src/agents/codex/codex-adapter.js';
import { exited, playBack, recordedCases, recording } from './recordings.js';
import { turn } from '../../support/run-agent.js';

const adapter = new CodexAdapter();
const VERSION = 'codex-0.169.0';
const play = (name: string) => {
  const { stdout, end } = recording(VERSION, name);
  return playBack(adapter, stdout, end);
};
const tools = (facts: Fact[]): string[] =>
  facts.flatMap((fact) =>
    fact.type === 'tool' ? [`${fact.phase} ${fact.name}: ${fact.summary ?? ''}`] : [],
  );
const line = (event: object): string => JSON.stringify(event);
const item = (type: string, more: object): string =>
  line({ type: 'item.completed', item: { id: 'item_7', type, ...more } });

describe(`Output of ${VERSION}`, () => {
  it('gives the conversation, the answer and what it used', () => {
    const { state, shown, outcome } = play('new');
    const answer = 'Hello there.\nSecond line with ünïcödé 🎉 and "quotes".';
    expect(outcome).toEqual({ kind: 'completed', text: answer });
    expect(shown).toBe(answer);
    expect(state.providerSessionId).toBe('01a203c1-e9d8-7620-89c3-758ce5b03af1');
    expect(state.usage).toEqual({
      ...{ inputTokens: 1200, outputTokens: 34, cacheReadTokens: 1000, cacheWriteTokens: 0 },
      ...{
        reasoningTokens: 5,
        costUsd: null,
        costIsEstimate: false,
        contextWindow: null,
        contextTokens: null,
      },
    });
  });

  it('keeps the conversation of a turn that was killed', () => {
    expect(play('kill-SIGTERM-stream').state.providerSessionId).not.toBeNull();
  });

  it('has the last of its messages for an answer, and shows them all', () => {
    const { shown, state } = play('tools-auto');
    expect(shown).toMatch(/^Let me look first\.\n\nREPORT LEN=208 /);
    expect(state.text).toMatch(/^REPORT LEN=208 /);
  });

  it('tells which tools ran, on what, and which failed', () => {
    expect(tools(play('tools-auto').facts)).toEqual([
      "started shell: /bin/bash -lc 'echo hi-from-bash; ls; pwd'",
      "completed shell: /bin/bash -lc 'echo hi-from-bash; ls; pwd'",
      'started apply_patch: /lab/work/codex/PLAN.md',
      'completed apply_patch: /lab/work/codex/PLAN.md',
      "started shell: /bin/bash -lc 'exit 3'",
      'failed shell: Exit code 3:',
    ]);
  });

  it('tells of the tools of other programs and agents, and of searches', () => {
    const told = [
      item('mcp_tool_call', { server: 'docs', tool: 'find', status: 'completed', error: null }),
      item('mcp_tool_call', {
        server: 'docs',
        status: 'failed',
        error: { message: 'not allowed' },
      }),
      item('collab_tool_call', { tool: 'spawn_agent', status: 'completed' }),
      item('web_search', { query: 'maestro' }),
      item('command_execution', { command: 'rm x', status: 'declined', exit_code: null }),
    ];
    expect(tools(playBack(adapter, told.join('\n'), exited(0)).facts)).toEqual([
      'completed docs.find: ',
      'failed docs: not allowed',
      'completed spawn_agent: ',
      'completed web_search: maestro',
      'failed shell: rm x',
    ]);
  });

  it('tells its thoughts apart from its answer', () => {
    const told = [item('reasoning', { text: 'Hm.' }), item('reasoning', { text: 'Aha.' })];
    const { facts, shown } = playBack(adapter, told.join('\n'), exited(0));
    expect({ facts, shown }).toEqual({
      facts: [
        { type: 'reasoning', text: 'Hm.' },
        { type: 'reasoning', text: '\n\nAha.' },
      ],
      shown: '',
    });
  });

  it('keeps items and events that no version has had', () => {
    const raw = [item('tomorrow', { text: 'x' }), line({ type: 'tomorrow' })];
    const { facts } = playBack(adapter, raw.join('\n'), exited(0));
    expect(facts).toEqual([
      { type: 'unknown', name: 'item.tomorrow', raw: raw[0] },
      { type: 'unknown', name: 'tomorrow', raw: raw[1] },
    ]);
    const recorded = recordedCases(VERSION).flatMap((name) => play(name).facts);
    expect(recorded.filter(({ type }) => type === 'unknown')).toEqual([]);
  });

  it('does not show its plan and its warnings', () => {
    const quiet = [
      item('todo_list', { items: [{ text: 'a', completed: false }] }),
      line({ type: 'item.updated', item: { id: 'item_9', type: 'todo_list' } }),
      item('error', { message: 'Model metadata not found' }),
      line({ type: 'error', message: 'Reconnecting... 1/5 (unexpected status 401)' }),
    ].join('\n');
    const { facts, shown } = playBack(adapter, quiet, exited(0));
    expect({ shown, facts }).toEqual({ shown: '', facts: [] });
    expect(play('err-429-then-ok').shown).toMatch(/^recovered \d+$/);
    expect(play('err-401')).toMatchObject({ shown: '', state: { text: null, usage: null } });
  });
});

describe('What a turn of a resumed thread has used', () => {
  const usageAfter = (spentBefore: Usage | null): Usage | null => {
    const { stdout, end } = recording(VERSION, 'resume-model');
    return playBack(adapter, stdout, end, turn('x', { spentBefore })).state.usage;
  };
  const unknown = {
    costUsd: null,
    costIsEstimate: false,
    contextWindow: null,
    contextTokens: null,
  };
  const whole = {
    ...{ inputTokens: 6_000, outputTokens: 170, cacheReadTokens: 5_000, cacheWriteTokens: 0 },
    ...{ reasoningTokens: 5, ...unknown },
  };

  it('is what the thread has used since', () => {
    expect(usageAfter(null)).toEqual(whole);
    const before = {
      ...whole,
      inputTokens: 4_800,
      outputTokens: 136,
      cacheReadTokens: 4_000,
      reasoningTokens: 0,
    };
    expect(usageAfter(before)).toEqual({
      ...{ inputTokens: 1_200, outputTokens: 34, cacheReadTokens: 1_000, cacheWriteTokens: 0 },
      ...{ reasoningTokens: 5, ...unknown },
    });
  });

  it('is all of it when the thread has begun to count anew', () => {
    expect(usageAfter({ ...whole, inputTokens: 9_000 })).toEqual(whole);
  });
});
