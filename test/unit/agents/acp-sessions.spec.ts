import { describe, expect, it } from '@jest/globals';
import { AcpAdapter } from '../../../src/agents/acp/acp-adapter.js';
import { type Fact, type Outcome, type ParserState } from '../../../src/agents/adapter.js';
import { LineSplitter } from '../../../src/modules/sessions/drive/line-splitter.js';
import { turn } from '../../support/run-agent.js';
import {
  type PlayedSession,
  playSession,
  recordedAgents,
  recordedSessions,
} from './acp-session.js';

const adapter = new AcpAdapter();

const DONE = 'completed';
const CASES: Record<string, string> = {
  ...{ basic: DONE, load: DONE, image: DONE, 'tools-allow': DONE },
  ...{ 'tools-reject': DONE, 'tools-cancelled': DONE },
  ...{ cancel: 'agent/crashed', 'load-unknown': 'agent/session-not-found' },
  ...{ 'err-401': 'agent/auth-failed', 'err-ctx': 'agent/context-full' },
  'err-529': 'agent/overloaded',
};
const unlessRecorded = (...cases: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(CASES).filter(([name]) => !cases.includes(name)));

/** Where an agent was still trying when it was ended. */
const NO_END = 'agent/protocol';

/** What each session ends with, where nothing is said of it as all agents end it. */
const VERDICTS: Record<string, Record<string, string>> = {
  'claude-agent-0.101': unlessRecorded('err-529', 'err-ctx', 'tools-cancelled'),
  'claude-agent-0.49': CASES,
  'claude-code-0.16': CASES,
  // Its sandbox has let it do what it was refused; and what it was refused in earnest ends its turn.
  'codex-0.16': { ...CASES, 'tools-reject': 'agent/crashed' },
  // It tells these with its state, and puts what it has to say of them into its answer.
  'codex-2.6': CASES,
  // It tells of no model that has answered, and puts what it has to say of that into its answer.
  'copilot-1.0.102': CASES,
  // It never finds its conversations again.
  'gemini-0.61.0': { ...CASES, load: 'agent/session-not-found', 'err-529': NO_END },
  // It makes its conversation shorter and goes on.
  'opencode-1.18.33': { ...CASES, 'err-ctx': DONE, 'err-529': NO_END },
  'qwen-0.15.10': { ...CASES, 'err-529': NO_END },
};

const verdict = (outcome: Outcome): string =>
  outcome.kind === 'failed' ? outcome.failure.code : outcome.kind;
const sentMethods = ({ sent }: PlayedSession): string[] =>
  sent.flatMap(({ method }) => method ?? []);
const tools = (facts: readonly Fact[]): string[] =>
  facts.flatMap((fact) =>
    fact.type === 'tool' ? [`${fact.phase} ${fact.name}: ${fact.summary ?? ''}`] : [],
  );

describe('Verdicts over recorded sessions', () => {
  it('cover every agent and every recording', () => {
    expect(Object.keys(VERDICTS).sort()).toEqual(recordedAgents());
    for (const agent of recordedAgents()) {
      expect(Object.keys(VERDICTS[agent] ?? {}).sort()).toEqual(recordedSessions(agent).sort());
    }
  });

  it.each(
    Object.entries(VERDICTS).flatMap(([agent, cases]) =>
      Object.entries(cases).map(([name, expected]) => [agent, name, expected] as const),
    ),
  )('%s %s: %s', (agent, name, expected) => {
    const { outcome, state } = playSession(agent, name);
    expect(verdict(outcome)).toBe(expected);
    expect(state.outbox?.closed).toBe(expected !== NO_END);
    if (outcome.kind === 'completed') return;
    expect(outcome.failure.message).toMatch(
      /^ACP agent (?:Claude|Codex|Copilot|Gemini|OpenCode|Qwen).{15,}/,
    );
    expect(outcome.failure.hint).toMatch(/.{20,}\.$/s);
  });
});

describe.each(recordedAgents())('A conversation with %s', (agent) => {
  const play = (name: string, more = {}): PlayedSession => playSession(agent, name, more);

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

  it('is the same however its output is cut', () => {
    for (const name of ['basic', 'load', 'tools-allow']) {
      const whole = playSession(agent, name);
      for (const size of [1, 61]) {
        const cut = playSession(agent, name, {}, inPieces(whole, size));
        expect({ state: cut.state, facts: cut.facts }).toEqual({
          ...{ state: whole.state, facts: whole.facts },
        });
      }
    }
  });

  it('is the same when its messages come in one line, or as a batch', () => {
    for (const name of recordedSessions(agent)) {
      const whole = playSession(agent, name);
      for (const join of [
        (lines: string[]) => lines.join(''),
        (lines: string[]) => `[${lines.join(',')}]`,
      ]) {
        const joined = playSession(agent, name, {}, (state, lines) =>
          adapter.parse(state, join(lines), whole.request),
        );
        expect(joined.outcome).toEqual(whole.outcome);
        expect(joined.state).toEqual(whole.state);
        expect(tools(joined.facts)).toEqual(tools(whole.facts));
      }
    }
  });

  it('is no success as long as the prompt is not answered', () => {
    const { request } = playSession(agent, 'basic');
    const unanswered = playSession(agent, 'basic', {}, (state, lines) => {
      const facts: Fact[] = [];
      for (const line of lines.filter((each) => !each.includes('"stopReason"'))) {
        const step = adapter.parse(state, line, request);
        state = step.state;
        facts.push(...step.facts);
      }
      return { state, facts };
    });
    expect(unanswered.state.text).not.toBeNull();
    expect(unanswered.state.outbox?.closed).toBe(false);
    for (const end of [
      { exitCode: 0, signal: null },
      { exitCode: 137, signal: 'SIGKILL' },
    ]) {
      const outcome = adapter.conclude(unanswered.state, { ...end, stderrTail: '' }, request);
      expect(outcome.kind).toBe('failed');
    }
  });
});

/** What a host hands over, in chunks of so many bytes. */
const inPieces =
  ({ request }: PlayedSession, size: number) =>
  (state: ParserState, lines: string[]): { state: ParserState; facts: Fact[] } => {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    const splitter = new LineSplitter(0);
    const facts: Fact[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      for (const line of splitter.push(bytes.subarray(at, at + size))) {
        const step = adapter.parse(state, line, request);
        state = step.state;
        facts.push(...step.facts);
      }
    }
    return { state, facts };
  };

describe('What a turn has used', () => {
  const usage = (agent: string, name = 'basic'): unknown => playSession(agent, name).state.usage;

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
    expect(playSession('gemini-0.61.0', 'basic').state).toMatchObject({
      ...{ model: 'gemini-3.8-flash', usage: { inputTokens: 2_200, outputTokens: 34 } },
    });
    expect(playSession('codex-2.6', 'load').state.model).toBe('gpt-5.5');
  });

  it('is summed up where only the calls of the model are told', () => {
    const { facts } = playSession('qwen-0.15.10', 'tools-allow');
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
    const { state, shown } = playSession('claude-agent-0.101', 'basic');
    expect(shown).toContain('**Warning:**');
    expect(state.text).not.toContain('Warning');
  });

  it('is not the text before the tools', () => {
    for (const agent of ['gemini-0.61.0', 'claude-agent-0.49', 'opencode-1.18.33']) {
      const { state, shown } = playSession(agent, 'tools-allow');
      expect(shown).toMatch(/^Looking\.\n\nREPORT /);
      expect(state.text).toMatch(/^REPORT /);
    }
  });

  it('is missing where the agent gave up when it was refused', () => {
    const { outcome } = playSession('claude-code-0.16', 'tools-reject', { readOnly: true });
    expect(outcome).toMatchObject({ failure: { code: 'agent/permission-denied' } });
    for (const agent of ['codex-0.16', 'copilot-1.0.102']) {
      const stopped = playSession(agent, 'tools-reject', { readOnly: true });
      expect(stopped.outcome).toMatchObject({ failure: { code: 'agent/permission-denied' } });
    }
    const goesOn = playSession('gemini-0.61.0', 'tools-reject', { readOnly: true });
    expect(goesOn.outcome.kind).toBe('completed');
  });
});

describe('A read-only turn', () => {
  const modes = (agent: string, readOnly: boolean): unknown[] =>
    playSession(agent, 'basic', { readOnly })
      .sent.filter(({ method }) => method?.startsWith('session/set_'))
      .map(({ params }) => params?.['value'] ?? params?.['modeId']);

  it.each([
    ['claude-agent-0.101', 'plan'],
    ['claude-code-0.16', 'plan'],
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
