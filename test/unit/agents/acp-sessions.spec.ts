import { describe, expect, it } from '@jest/globals';
import { AcpAdapter } from '../../../src/agents/acp/acp-adapter.js';
import { type Fact } from '../../../src/agents/adapter.js';
import { type PlayedSession, playSession, recordedAgents } from '../../support/acp-sessions.js';
import { turn } from '../../support/run-agent.js';
import { recordedCases } from './recordings.js';

const adapter = new AcpAdapter();

const sentMethods = ({ sent }: PlayedSession): string[] =>
  sent.flatMap(({ method }) => method ?? []);
const tools = (facts: readonly Fact[]): string[] =>
  facts.flatMap((fact) =>
    fact.type === 'tool' ? [`${fact.phase} ${fact.name}: ${fact.summary ?? ''}`] : [],
  );

describe.each(recordedAgents())('A conversation with %s', (agent) => {
  const play = (name: string, more = {}): PlayedSession => playSession(`${agent}/${name}`, more);

  it('meets it, begins a conversation, and gives it the prompt', () => {
    const played = play('basic');
    const answer = 'Hello via ACP. ünïcödé 🎉';
    expect(played.outcome).toEqual({ kind: 'completed', text: answer });
    expect(played.shown).toMatch(new RegExp(`^${answer}(?:\n\n\\*\\*Warning|$)`));
    expect(played.sent.map(({ id }) => id)).toEqual(played.sent.map((_, index) => index));
    const [initialize, begin, ...more] = played.sent;
    expect(initialize).toMatchObject({ method: 'initialize', params: { protocolVersion: 1 } });
    expect(begin).toMatchObject({
      ...{ method: 'session/new', params: { cwd: '/lab/work', mcpServers: [] } },
    });
    const { prompt } = played.request;
    expect(more.at(-1)).toMatchObject({
      method: 'session/prompt',
      params: {
        sessionId: played.state.providerSessionId,
        prompt: [{ type: 'text', text: prompt }],
      },
    });
    const thoughts = played.facts.flatMap((fact) => (fact.type === 'reasoning' ? fact.text : []));
    expect(thoughts.join('')).toContain('thinking hard');
    expect(played.facts.every(({ type }) => type !== 'unknown' || agent.match(/-2\.6|101/))).toBe(
      true,
    );
  });

  it('keeps nothing of the prompt once the host has it', () => {
    const prompt = 'a secret of five words';
    const played = play('basic', { prompt });
    expect(JSON.stringify(played.sent)).toContain(prompt);
    expect(JSON.stringify(played.state)).not.toContain(prompt);
  });

  it('is loaded, and shows nothing of what was said before', () => {
    const played = play('load');
    const [initialize, load, ...more] = sentMethods(played);
    expect([initialize, load]).toEqual(['initialize', 'session/load']);
    if (played.outcome.kind === 'failed') return;
    expect(more).toContain('session/prompt');
    expect(played.state.providerSessionId).toBe(played.request.providerSessionId);
    expect(played.shown).toMatch(/^REPORT LEN=/);
    expect(played.state.text).toMatch(/^REPORT LEN=[^]* LASTRESULT=""$/);
    expect(played.facts.filter(({ type }) => type === 'reasoning')).toEqual([]);
  });

  it('asks for no prompt where the conversation is gone', () => {
    expect(sentMethods(play('load-unknown'))).not.toContain('session/prompt');
  });

  it('is allowed in a writing turn what it asks leave for, as it was when it was recorded', () => {
    const { answers, facts } = play('tools-allow');
    for (const { asked, ours, recorded } of answers) {
      if (asked.method === 'session/request_permission') {
        expect(ours?.result).toEqual(recorded?.result);
      } else expect(ours?.error).toMatchObject({ code: -32_601 });
    }
    const told = tools(facts);
    expect(told.filter((each) => each.startsWith('started'))).toHaveLength(told.length / 2);
    expect(told).toContainEqual(expect.stringMatching(/^completed \w+: /));
    expect(new Set(told).size).toBe(told.length);
  });

  it('is refused in a read-only turn what it asks leave for, and each of its tools ends', () => {
    const { answers, facts } = play('tools-reject', { readOnly: true });
    const asked = answers.filter((each) => each.asked.method === 'session/request_permission');
    for (const { ours, recorded } of asked) expect(ours?.result).toEqual(recorded?.result);
    const told = tools(facts);
    expect(told.filter((each) => each.startsWith('started'))).toHaveLength(told.length / 2);
    expect(told.filter((each) => each.startsWith('failed'))).toHaveLength(asked.length);
  });

  it('sees images', () => {
    const image = { name: 'a.png', mediaType: 'image/png', data: 'iVBORw0=' } as const;
    const { sent, outcome } = play('image', { images: [image] });
    expect(sent.at(-1)?.params?.['prompt']).toEqual([
      { type: 'text', text: expect.any(String) },
      { type: 'image', mimeType: 'image/png', data: 'iVBORw0=' },
    ]);
    expect(outcome.kind).toBe('completed');
  });

  it('is the same when its messages come as a batch', () => {
    for (const name of recordedCases(agent)) {
      const whole = play(name);
      const batched = playSession(`${agent}/${name}`, {}, (state, lines) =>
        adapter.parse(state, `[${lines.join(',')}]`, whole.request),
      );
      expect(batched.outcome).toEqual(whole.outcome);
      expect(batched.state).toEqual(whole.state);
      expect(tools(batched.facts)).toEqual(tools(whole.facts));
    }
  });
});

describe('What a turn has used', () => {
  const usage = (agent: string, name = 'basic'): unknown =>
    playSession(`acp-${agent}/${name}`).state.usage;

  it.each([
    // What was cached is told beside the input, and what was thought beside the output.
    ['opencode-1.18.33', { outputTokens: 34, reasoningTokens: 5, costUsd: null }],
    ['codex-2.6', { outputTokens: 34, reasoningTokens: 5, contextWindow: 258_400 }],
    ['claude-agent-0.101', { outputTokens: 34, cacheWriteTokens: 100, costUsd: 0.01236 }],
    // ... and within the input.
    ['copilot-1.0.102', { outputTokens: 34, reasoningTokens: 5 }],
    ['qwen-0.15.10', { outputTokens: 34, reasoningTokens: 5 }],
  ])('is counted alike, however %s counts', (agent, more) => {
    expect(usage(agent)).toMatchObject({ inputTokens: 1_200, cacheReadTokens: 1_000, ...more });
  });

  it('is told with the model, where the agent tells it', () => {
    expect(playSession('acp-gemini-0.61.0/basic').state).toMatchObject({
      ...{ model: 'gemini-3.8-flash', usage: { inputTokens: 2_200, outputTokens: 34 } },
    });
    expect(playSession('acp-codex-2.6/load').state.model).toBe('gpt-5.5');
  });

  it('is summed up where only the calls of the model are told', () => {
    const { facts } = playSession('acp-qwen-0.15.10/tools-allow');
    expect(facts.filter(({ type }) => type === 'model-call')).toHaveLength(4);
    expect(usage('qwen-0.15.10', 'tools-allow')).toMatchObject({
      ...{ inputTokens: 4_800, outputTokens: 136, cacheReadTokens: 4_000 },
    });
  });

  it('has no cost where that is told of the whole conversation', () => {
    expect(usage('claude-agent-0.49', 'load')).toMatchObject({ costUsd: null });
    expect(usage('claude-agent-0.49', 'image')).toMatchObject({ costUsd: 0.007975 });
  });

  it('is nothing where nothing is told', () => {
    expect(usage('codex-0.16')).toBeNull();
  });
});

describe('The answer', () => {
  it('is the last message, without what the agent says of itself', () => {
    const { state, shown } = playSession('acp-claude-agent-0.101/basic');
    expect(shown).toContain('**Warning:**');
    expect(state.text).not.toContain('Warning');
  });

  it('is not the text before the tools', () => {
    for (const agent of ['gemini-0.61.0', 'claude-agent-0.49', 'opencode-1.18.33']) {
      const { state, shown } = playSession(`acp-${agent}/tools-allow`);
      expect(shown).toMatch(/^Looking\.\n\nREPORT /);
      expect(state.text).toMatch(/^REPORT /);
    }
  });

  it('is missing where the agent gave up when it was refused', () => {
    const { outcome } = playSession('acp-claude-code-0.16/tools-reject', { readOnly: true });
    expect(outcome).toMatchObject({ failure: { code: 'agent/permission-denied' } });
    for (const agent of ['codex-0.16', 'copilot-1.0.102']) {
      const stopped = playSession(`acp-${agent}/tools-reject`, { readOnly: true });
      expect(stopped.outcome).toMatchObject({ failure: { code: 'agent/permission-denied' } });
    }
    const goesOn = playSession('acp-gemini-0.61.0/tools-reject', { readOnly: true });
    expect(goesOn.outcome.kind).toBe('completed');
  });
});

describe('A read-only turn', () => {
  const modes = (agent: string, readOnly: boolean): unknown[] =>
    playSession(`acp-${agent}/basic`, { readOnly })
      .sent.filter(({ method }) => method?.startsWith('session/set_'))
      .map(({ params }) => params?.['value'] ?? params?.['modeId']);

  it.each([
    ['claude-agent-0.101', 'plan'],
    ['claude-code-0.16', 'dontAsk'],
    ['codex-2.6', 'read-only'],
    ['copilot-1.0.102', 'https://agentclientprotocol.com/protocol/session-modes#plan'],
    ['gemini-0.61.0', 'plan'],
    ['opencode-1.18.33', 'plan'],
    ['qwen-0.15.10', 'plan'],
  ])('puts %s into its mode for that: %s', (agent, mode) => {
    expect(modes(agent, true)).toEqual([mode]);
    expect(modes(agent, false)).toEqual([]);
  });

  it('is the usual mode of some, which a writing turn leaves', () => {
    expect(modes('codex-0.16', true)).toEqual([]);
    expect(modes('codex-0.16', false)).toEqual(['auto']);
  });
});

it('An ACP agent must be named by its session', () => {
  expect(() => adapter.launch(turn('x'))).toThrow(/names none/);
});
