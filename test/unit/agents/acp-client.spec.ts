import { describe, expect, it } from '@jest/globals';
import { AcpAdapter } from '../../../src/agents/acp/acp-adapter.js';
import {
  type Fact,
  type Outcome,
  type ParserState,
  type TurnRequest,
} from '../../../src/agents/adapter.js';
import { turn } from '../../support/run-agent.js';
import { delivered, type Message } from '../../support/acp-sessions.js';
import { exited } from './recordings.js';

const adapter = new AcpAdapter();

const MET = {
  protocolVersion: 1,
  agentCapabilities: { loadSession: true, promptCapabilities: { image: false } },
  agentInfo: { name: 'box', title: 'Black Box', version: '1' },
};
const OPENED = { sessionId: 'ses_1' };

/** A conversation with an agent that says what the test wants. */
const talk = (more: Partial<TurnRequest> = {}) => {
  const request = turn('Do it.', { command: '/opt/box', args: ['--acp'], cwd: '/work', ...more });
  let state = adapter.initialState();
  const facts: Fact[] = [];
  let sent: Message[] = [JSON.parse(adapter.launch(request).stdin) as Message];
  let asked: unknown = 0;
  const hears = (line: string): void => {
    const step = adapter.parse(JSON.parse(JSON.stringify(state)) as ParserState, line, request);
    facts.push(...step.facts);
    const next = delivered(step.state);
    state = next.state;
    const lines = next.coming.split('\n').filter(Boolean);
    sent = lines.map((each) => JSON.parse(each) as Message);
    asked = sent.find(({ method }) => method !== undefined)?.id ?? asked;
  };
  const says = (...messages: object[]): void => {
    for (const message of messages) hears(JSON.stringify({ jsonrpc: '2.0', ...message }));
  };
  return {
    ...{ facts, hears, says, request },
    answers: (result: unknown) => {
      says({ id: asked, result });
    },
    refuses: (code: number, message: string, data?: unknown) => {
      says({ id: asked, error: { code, message, data } });
    },
    updates: (update: object) => {
      says({ method: 'session/update', params: { sessionId: 'ses_1', update } });
    },
    sent: (): Message[] => sent,
    state: (): ParserState => state,
    ends: (exitCode = 0, stderr = ''): Outcome =>
      adapter.conclude(state, exited(exitCode, stderr), request),
    isStopped: (): Outcome => adapter.conclude(state, { ...exited(0), wasStopped: true }, request),
  };
};

type Talk = ReturnType<typeof talk>;

/** ... up to the prompt. */
const prompted = (more: Partial<TurnRequest> = {}): Talk => {
  const agent = talk(more);
  agent.answers(MET);
  agent.answers(OPENED);
  expect(agent.sent()[0]?.method).toBe('session/prompt');
  return agent;
};
const said = (text: string, more = {}): object => ({
  ...{ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text }, ...more },
});
const textOf = (facts: readonly Fact[]): string =>
  facts.map((fact) => (fact.type === 'text' ? fact.text : '')).join('');
const failing = (outcome: Outcome): unknown =>
  outcome.kind === 'completed' ? null : outcome.failure;

describe('The client', () => {
  it('says of itself that it has no files and no terminal', () => {
    expect(talk().sent()[0]).toMatchObject({
      ...{ jsonrpc: '2.0', id: 0, method: 'initialize' },
      params: {
        clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
      },
    });
  });

  it('counts what the agent has been given from the first byte', () => {
    const { stdin, argv, interactive } = adapter.launch(talk().request);
    expect(argv).toEqual(['/opt/box', '--acp']);
    expect(interactive).toBe(true);
    expect(adapter.initialState().outbox).toEqual({
      ...{ sent: Buffer.byteLength(stdin), unsent: '', closed: false },
    });
    expect(stdin.endsWith('\n')).toBe(true);
  });

  it.each([[7], ['seven'], [null], [0], ['']])(
    'answers a request with the id %j, whatever that is',
    (id) => {
      const agent = prompted();
      agent.says({ id, method: 'fs/read_text_file', params: { path: '/etc/passwd' } });
      expect(agent.sent()).toEqual([
        { jsonrpc: '2.0', id, error: { code: -32_601, message: expect.any(String) } },
      ]);
      agent.says({ id, method: 'terminal/create', params: {} });
      agent.says({ id, method: 'elicitation/create', params: {} });
      expect(agent.sent()[0]).toMatchObject({ id, error: { code: -32_601 } });
    },
  );

  it('takes no answer that it has not asked for', () => {
    const agent = prompted();
    const id = agent.sent()[0]?.id as number;
    for (const stray of [id + 1, id - 1, null, 'x']) {
      agent.says({ id: stray, result: { stopReason: 'end_turn' } });
    }
    expect(agent.facts).toHaveLength(4);
    expect(agent.facts[0]).toMatchObject({ type: 'unknown', name: 'response' });
    expect(agent.state().outbox?.closed).toBe(false);
    agent.says({ id: String(id), result: { stopReason: 'end_turn' } });
    expect(agent.state().outbox?.closed).toBe(true);
  });

  it('is not disturbed by noise, and keeps what it does not know', () => {
    const agent = prompted();
    const before = agent.state();
    for (const noise of [
      '',
      'Loading…',
      '{"jsonrpc":"2.0","method":',
      '[]',
      'null',
      '{"a":1}',
      '3',
      '\u0000',
    ]) {
      agent.hears(noise);
    }
    expect(agent.state()).toEqual(before);
    expect(agent.facts).toEqual([]);
    agent.updates({ sessionUpdate: 'tomorrow', more: 'x'.repeat(5_000) });
    agent.says({ method: '_vendor/thing', params: {} });
    agent.says({ method: 'session/update', params: { sessionId: 'ses_1', update: null } });
    agent.updates({ sessionUpdate: 'agent_message_chunk', content: 'not an object' });
    expect(agent.facts).toMatchObject([
      ...[{ name: 'tomorrow' }, { name: '_vendor/thing' }, { name: 'session/update' }],
      { name: 'agent_message_chunk' },
    ]);
    expect(agent.facts.every((fact) => fact.type === 'unknown' && fact.raw.length <= 2_000)).toBe(
      true,
    );
  });

  it('reads several messages of one line, each once', () => {
    const agent = prompted();
    const one = JSON.stringify({
      ...{ jsonrpc: '2.0', method: 'session/update' },
      params: { sessionId: 'ses_1', update: said('a } { "b" ') },
    });
    agent.hears(`${one}${one} \u001b[?25h`);
    expect(textOf(agent.facts)).toBe('a } { "b" a } { "b" ');
  });

  it('reads a line of 10 MB', () => {
    const agent = prompted();
    agent.updates(said('x'.repeat(10_000_000)));
    expect(textOf(agent.facts)).toHaveLength(10_000_000);
  });

  it('shows nothing of conversations beside that of the turn', () => {
    const agent = prompted();
    agent.says({ method: 'session/update', params: { sessionId: 'other', update: said('psst') } });
    expect(agent.facts).toEqual([]);
  });

  it('hears nothing any more once the prompt is answered', () => {
    const agent = prompted();
    agent.updates(said('done'));
    agent.answers({ stopReason: 'end_turn' });
    agent.updates(said(' and late'));
    agent.says({ id: 1, method: 'session/request_permission', params: {} });
    expect(agent.sent()).toEqual([]);
    expect(agent.ends()).toEqual({ kind: 'completed', text: 'done' });
  });

  it('goes on from a state of another version', () => {
    const strange = { ...adapter.initialState(), memory: { requests: 'x', tools: 3, end: 'y' } };
    const { state } = adapter.parse(
      strange,
      '{"jsonrpc":"2.0","id":0,"result":{}}',
      talk().request,
    );
    expect(adapter.conclude(state, exited(0), talk().request).kind).toBe('failed');
  });

  it('gives the prompt as it is, with its lines, quotes and odd characters', () => {
    const prompt = '---\n"$HOME" `id` \u0000 \ud800 🎉\r\n%';
    const agent = prompted({ prompt });
    const [block] = agent.sent()[0]?.params?.['prompt'] as { text: string }[];
    expect(block?.text).toBe(prompt);
  });
});

describe('Tools', () => {
  const tools = ({ facts }: Talk): string[] =>
    facts.flatMap((fact) =>
      fact.type === 'tool' ? [`${fact.phase} ${fact.name} ${fact.summary ?? '-'}`] : [],
    );
  const call = (sessionUpdate: string, more: object): object => ({
    ...{ sessionUpdate, toolCallId: 't1', ...more },
  });

  it('are begun once and ended once, however often they are told', () => {
    const agent = prompted();
    agent.updates(
      call('tool_call', { title: 'Terminal', kind: 'execute', status: 'pending', rawInput: {} }),
    );
    expect(tools(agent)).toEqual([]);
    agent.updates(
      call('tool_call', { title: 'ls', status: 'pending', rawInput: { command: 'ls' } }),
    );
    agent.updates(call('tool_call_update', { status: 'in_progress' }));
    agent.updates(call('tool_call_update', { status: 'completed' }));
    agent.updates(call('tool_call_update', { status: 'completed', title: 'again' }));
    agent.updates(call('tool_call', { status: 'in_progress' }));
    expect(tools(agent)).toEqual(['started execute ls', 'completed execute ls']);
  });

  it('may be told by their end alone, and say why they failed', () => {
    const agent = prompted();
    const content = [{ type: 'content', content: { type: 'text', text: 'No such file' } }];
    agent.updates(
      call('tool_call_update', { name: 'Read', title: 'x.md', status: 'failed', content }),
    );
    expect(tools(agent)).toEqual(['started Read x.md', 'failed Read No such file']);
  });
});

describe('Leave that the agent asks for', () => {
  const ALL = ['reject_always', 'allow_always', 'reject_once', 'allow_once'];
  const outcome = (readOnly: boolean, kinds: string[], kind?: string): unknown => {
    const agent = prompted({ readOnly });
    const options = kinds.map((each) => ({ optionId: `id of ${each}`, name: each, kind: each }));
    const params = { sessionId: 'ses_1', toolCall: { toolCallId: 't', title: 'x', kind }, options };
    agent.says({ id: 5, method: 'session/request_permission', params });
    return (agent.sent()[0]?.result as { outcome: unknown }).outcome;
  };
  const selected = (kind: string): object => ({ outcome: 'selected', optionId: `id of ${kind}` });

  it('is given for this once, so that nothing is written to its settings', () => {
    expect(outcome(false, ALL)).toEqual(selected('allow_once'));
    expect(outcome(false, ['allow_always', 'reject_once'])).toEqual(selected('allow_always'));
    expect(outcome(false, [])).toEqual({ outcome: 'cancelled' });
  });

  it('is refused in a read-only turn, unless it is to read', () => {
    expect(outcome(true, ALL)).toEqual(selected('reject_once'));
    expect(outcome(true, ALL, 'edit')).toEqual(selected('reject_once'));
    expect(outcome(true, ALL, 'switch_mode')).toEqual(selected('reject_once'));
    expect(outcome(true, ['allow_once'])).toEqual({ outcome: 'cancelled' });
    expect(outcome(true, ALL, 'read')).toEqual(selected('allow_once'));
  });
});

describe('What a turn asks for and the agent does not have', () => {
  const refusedWith = (agent: Talk): unknown => {
    expect(agent.sent()).toEqual([]);
    expect(agent.state().outbox?.closed).toBe(true);
    return failing(agent.ends());
  };
  const opened = (more: object, session: object): Talk => {
    const agent = talk(more);
    agent.answers(MET);
    agent.answers({ ...OPENED, ...session });
    return agent;
  };
  const option = (id: string, category: string, ...values: string[]): object => ({
    ...{ id, name: id, category, type: 'select', currentValue: values[0] },
    options: values.map((value) => ({ value, name: value.toUpperCase() })),
  });

  it('images', () => {
    const agent = talk({ images: [{ name: 'a', mediaType: 'image/png', data: '' }] });
    agent.answers(MET);
    expect(refusedWith(agent)).toMatchObject({
      ...{ code: 'agent/unsupported', message: expect.stringContaining('Black Box') },
    });
  });

  it('another version of the protocol', () => {
    const agent = talk();
    agent.answers({ ...MET, protocolVersion: 2 });
    expect(refusedWith(agent)).toMatchObject({ code: 'agent/unsupported' });
  });

  it('a conversation to go on with: a fresh one is begun in its place', () => {
    const agent = talk({ providerSessionId: 'ses_0' });
    agent.answers({ protocolVersion: 1 });
    expect(refusedWith(agent)).toMatchObject({ code: 'agent/session-not-found' });
  });

  it('is not taken for an answer when it is told again, however late', () => {
    const agent = talk({ providerSessionId: 'ses_1' });
    agent.answers(MET);
    agent.answers({});
    expect(agent.sent()[0]?.method).toMatch(/^_maestro\//);
    agent.updates({ ...said('what was asked'), sessionUpdate: 'user_message_chunk' });
    agent.updates(said('what was answered'));
    agent.refuses(-32_601, 'Method not found');
    expect(agent.sent()[0]?.method).toBe('session/prompt');
    agent.updates(said('new'));
    agent.answers({ stopReason: 'end_turn' });
    expect(agent.ends()).toEqual({ kind: 'completed', text: 'new' });
    expect(textOf(agent.facts)).toBe('new');
  });

  it('... unless it resumes without telling it again', () => {
    const agent = talk({ providerSessionId: 'ses_0' });
    agent.answers({
      protocolVersion: 1,
      agentCapabilities: { sessionCapabilities: { resume: {} } },
    });
    expect(agent.sent()[0]).toMatchObject({
      ...{ method: 'session/resume', params: { sessionId: 'ses_0', cwd: '/work' } },
    });
    agent.answers({});
    expect(agent.sent()[0]).toMatchObject({
      ...{ method: 'session/prompt', params: { sessionId: 'ses_0' } },
    });
  });

  it('a model or an effort', () => {
    expect(refusedWith(opened({ model: 'x' }, {}))).toMatchObject({
      ...{ code: 'agent/unsupported', message: expect.stringContaining('which model') },
    });
    const configOptions = [option('m', 'model', 'small', 'large')];
    expect(refusedWith(opened({ model: 'x' }, { configOptions }))).toMatchObject({
      hint: 'Choose one of: small, large.',
    });
    expect(refusedWith(opened({ effort: 'high' }, { configOptions }))).toMatchObject({
      ...{ code: 'agent/unsupported', message: expect.stringContaining('which effort') },
    });
  });

  it('is set before the prompt where it has it, one after the other', () => {
    const configOptions = [
      { id: 'odd', type: 'boolean', currentValue: true },
      option('m', 'model', 'small', 'large'),
      option('e', 'thought_level', 'low', 'high'),
      {
        ...option('mode', 'mode', 'default'),
        options: [{ group: 'g', options: [{ value: 'plan' }] }],
      },
    ];
    const agent = opened({ model: 'large', effort: 'high', readOnly: true }, { configOptions });
    const set: unknown[] = [];
    while (agent.sent()[0]?.method === 'session/set_config_option') {
      set.push(agent.sent()[0]?.params);
      agent.answers({ configOptions });
    }
    expect(set).toEqual([
      { sessionId: 'ses_1', configId: 'm', value: 'large' },
      { sessionId: 'ses_1', configId: 'e', value: 'high' },
      { sessionId: 'ses_1', configId: 'mode', value: 'plan' },
    ]);
    expect(agent.sent()[0]?.method).toBe('session/prompt');
  });

  it('is set as agents without options have it, and a refusal ends the turn', () => {
    const models = {
      currentModelId: 'a',
      availableModels: [{ modelId: 'a' }, { modelId: 'b', name: 'B' }],
    };
    const agent = opened({ model: 'B' }, { models });
    expect(agent.sent()[0]).toMatchObject({
      ...{ method: 'session/set_model', params: { sessionId: 'ses_1', modelId: 'b' } },
    });
    agent.refuses(-32_603, 'No');
    expect(refusedWith(agent)).toMatchObject({
      ...{ code: 'agent/unsupported', message: 'ACP agent Black Box (the model B): No' },
    });
    expect(opened({ model: 'a' }, { models }).sent()[0]?.method).toBe('session/prompt');
  });
});

describe('The verdict over a turn of an ACP agent', () => {
  const refused = (code: number, message: string, data?: unknown): Outcome => {
    const agent = prompted();
    agent.refuses(code, message, data);
    return agent.ends();
  };

  it.each([
    [-32_000, 'Authentication required', undefined, 'agent/auth-failed'],
    [-32_603, 'Internal error', { errorKind: 'authentication_failed' }, 'agent/auth-failed'],
    [-32_603, 'Internal error', { errorKind: 'server_error' }, 'agent/overloaded'],
    [-32_603, 'Internal error', { errorKind: 'billing_error' }, 'agent/limit'],
    [-32_603, 'x', { codex_error_info: 'context_window_exceeded' }, 'agent/context-full'],
    [-32_603, 'x', { codex_error_info: { response_stream_disconnected: {} } }, 'agent/network'],
    [-32_603, 'x', { errorName: 'ContextOverflowError' }, 'agent/context-full'],
    [-32_603, 'Incorrect API key provided', { errorName: 'APIError' }, 'agent/auth-failed'],
    [-32_603, 'Internal error', { details: '503 Service Unavailable' }, 'agent/overloaded'],
    [-32_603, 'fetch failed', undefined, 'agent/network'],
    [-32_603, 'Internal error', { details: 'connect ECONNREFUSED 127.0.0.1:1' }, 'agent/network'],
    [403, 'Forbidden', undefined, 'agent/auth-failed'],
    [404, 'model x', undefined, 'agent/unsupported'],
    [500, 'oops', undefined, 'agent/overloaded'],
    [-32_002, 'Session not found', undefined, 'agent/session-not-found'],
    [-32_601, 'Method not found', undefined, 'agent/unsupported'],
    [-32_603, 'It hurts', { why: 'nobody knows' }, 'agent/crashed'],
  ])('an error %d "%s" %j: %s', (code, message, data, expected) => {
    expect(failing(refused(code, message, data))).toMatchObject({ code: expected });
  });

  it('waits for a limit until it resets', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '90s' }];
    const body = JSON.stringify({ error: { code: 429, message: 'Quota', status: 'X', details } });
    const limited = refused(429, body);
    expect(limited).toMatchObject({ kind: 'limited', failure: { code: 'agent/limit' } });
    const wait = Date.parse((limited as { resumesAt: string }).resumesAt) - Date.now();
    expect(wait).toBeGreaterThan(60_000);
    expect(wait).toBeLessThanOrEqual(90_000);
    expect(refused(-32_603, 'x', { errorKind: 'rate_limit' })).toMatchObject({
      ...{ kind: 'limited', resumesAt: null },
    });
  });

  it.each([
    ['max_tokens', 'agent/limit'],
    ['max_turn_requests', 'agent/limit'],
    ['refusal', 'agent/permission-denied'],
    ['cancelled', 'agent/crashed'],
  ])('%s is no success: %s', (stopReason, code) => {
    const agent = prompted();
    agent.updates(said('half'));
    agent.answers({ stopReason });
    expect(failing(agent.ends())).toMatchObject({ code });
  });

  it('says how to sign in, as the agent does', () => {
    const agent = talk();
    agent.answers({
      ...MET,
      authMethods: [{ id: 'l', name: 'Log in', description: 'Run `box login`' }],
    });
    agent.refuses(-32_000, 'Authentication required');
    expect(failing(agent.ends())).toMatchObject({
      ...{ code: 'agent/auth-failed', hint: expect.stringContaining('Run `box login`') },
    });
  });

  it('is not swayed by what the model says', () => {
    const agent = prompted();
    const prose = 'Error: 401 Unauthorized. Permission denied (publickey). rate limit reached.';
    agent.updates(said(prose));
    agent.answers({ stopReason: 'end_turn' });
    expect(agent.ends()).toEqual({ kind: 'completed', text: prose });
  });

  const COPILOT = 'Copilot';
  const CODEX = '@agentclientprotocol/codex-acp';
  /** A turn of an agent that calls itself so, up to its end. */
  const ended = (name: string, isFaulty: boolean, pieces: readonly object[], usage?: object) => {
    const agent = talk();
    agent.answers({ ...MET, agentInfo: { name } });
    agent.answers(OPENED);
    const _meta = { codex: { threadStatus: { type: 'systemError' } } };
    if (isFaulty) agent.updates({ sessionUpdate: 'session_info_update', _meta });
    for (const piece of pieces) agent.updates(piece);
    agent.answers({ stopReason: 'end_turn', usage });
    return agent.ends();
  };

  it.each([
    'The rate limit of the API was too low: too many requests, and HTTP 429 (HTTP 401).',
    'It reads credentials and an API key, and says unauthorized when you are not logged in.',
    'A context window is what the prompt is too long for.',
    'The server is overloaded: Error: Authentication failed with provider at x (HTTP 401).',
    '401 Unauthorized',
    '429 rate limit reached',
    '{"type":"rate_limit_error"}',
  ])('is not swayed by a model that says %j, however the turn ends', (prose) => {
    for (const name of [COPILOT, CODEX, 'box', 'constructor']) {
      for (const more of [{}, { messageId: 'msg_1' }]) {
        const faulty = ended(name, true, [said(prose, more)]);
        expect(faulty).toMatchObject({ kind: 'failed', failure: { code: 'agent/crashed' } });
        expect(failing(faulty)).toMatchObject({ message: expect.not.stringContaining(prose) });
        const good = { kind: 'completed', text: prose };
        expect(ended(name, false, [said(prose, more)])).toEqual(good);
      }
    }
  });

  it('takes an agent that tells no usage at its word when it says that all is well', () => {
    for (const name of [COPILOT, CODEX]) {
      expect(ended(name, false, [said('fine')])).toEqual({ kind: 'completed', text: 'fine' });
    }
  });

  it.each([
    ['Error: Authentication failed with provider at http://x (HTTP 401).', 'agent/auth-failed'],
    ['Error: Failed to get response from the AI model; retried 5 times', 'agent/crashed'],
    [
      'Error: Failed to get response from the AI model; retried 5 times Last error: 429 Slow down',
      'agent/limit',
    ],
  ])('knows the notice of Copilot %j, where no model has been paid for', (notice, code) => {
    const waiting = said('Info: Request failed due to a transient API error. Retrying...');
    const usage = { inputTokens: 1, outputTokens: 1 };
    for (const before of [[], [waiting, waiting], [said('half an ans')]]) {
      const pieces = [...before, said(notice)];
      expect(failing(ended(COPILOT, false, pieces))).toMatchObject({ code });
      expect(ended(COPILOT, false, pieces, usage).kind).toBe('completed');
      expect(ended(COPILOT, false, [...pieces, said(' is what it says.')]).kind).toBe('completed');
      expect(ended('box', false, pieces).kind).toBe('completed');
    }
  });

  it('does not take for the answer what Copilot says between two attempts at one', () => {
    const waiting = said('Info: Request failed due to a transient API error. Retrying...');
    const pieces = [waiting, waiting, said('Half an'), waiting, said('The '), said('answer.')];
    expect(ended(COPILOT, false, pieces)).toEqual({ kind: 'completed', text: 'The answer.' });
    const quoted = [said('Info: Request failed '), said('due to me.')];
    expect(ended(COPILOT, false, quoted)).toEqual({
      ...{ kind: 'completed', text: 'Info: Request failed due to me.' },
    });
  });

  it('leaves no notice of a failure for an answer', () => {
    const agent = talk();
    agent.answers({ ...MET, agentInfo: { name: COPILOT } });
    agent.answers(OPENED);
    agent.updates(said('Error: Authentication failed with provider at http://x (HTTP 401).'));
    agent.answers({ stopReason: 'end_turn' });
    expect(agent.state().text).toBeNull();
  });

  it('knows the notice of Codex by its beginning, and that it is no part of a message', () => {
    const notice = 'exceeded retry limit, last status: 429 Too Many Requests';
    const message = said('I looked at the credentials.', { messageId: 'msg_1' });
    expect(ended(CODEX, true, [message, said(notice)])).toMatchObject({
      ...{ kind: 'limited', failure: { code: 'agent/limit' } },
    });
    expect(ended(CODEX, true, [said(notice, { messageId: 'msg_1' })])).toMatchObject({
      ...{ kind: 'failed', failure: { code: 'agent/crashed' } },
    });
  });

  it('does not care how the process ends that has answered: some must be ended', () => {
    const agent = prompted();
    agent.updates(said('fine'));
    agent.answers({ stopReason: 'end_turn' });
    for (const exitCode of [0, 1, 143, 137]) expect(agent.ends(exitCode).kind).toBe('completed');
  });

  it('believes no end of a turn from an agent that was told to end', () => {
    const agent = prompted();
    agent.updates(said('half an ans'));
    agent.answers({ stopReason: 'end_turn' });
    expect(agent.isStopped().kind).toBe('failed');
  });

  it('is told apart from the answer, also where it stands in its place', () => {
    const said529 = 'API Error: 529 Overloaded.';
    const agent = prompted();
    agent.updates(said(said529));
    agent.refuses(-32_603, `Internal error: ${said529}`, { errorKind: 'server_error' });
    expect(agent.state().text).toBeNull();
    const half = prompted();
    half.updates(said('Half an ans'));
    half.refuses(-32_603, `Internal error: ${said529}`);
    expect(half.state().text).toBe('Half an ans');
  });

  it('resets when the minute is over that the agent tells', () => {
    const told = refused(
      -32_603,
      "Internal error: You've hit your session limit · resets 4:06am (UTC)",
      {
        errorKind: 'rate_limit',
      },
    );
    expect(told).toMatchObject({
      kind: 'limited',
      resumesAt: expect.stringMatching(/T04:07:00.000Z$/),
    });
  });

  it('tells a program that does not speak the protocol', () => {
    expect(failing(talk().ends(0))).toMatchObject({
      ...{ code: 'agent/protocol', hint: expect.stringContaining('--acp') },
    });
    expect(failing(talk().ends(2, 'box: unknown option --acp'))).toMatchObject({
      ...{
        code: 'agent/crashed',
        message: 'ACP agent box exited with code 2: box: unknown option --acp',
      },
    });
    expect(failing(talk().ends(127, '/opt/box: 3: jq: not found'))).toMatchObject({
      ...{ code: 'agent/crashed', message: expect.stringContaining('jq: not found') },
    });
    const odd = talk();
    odd.answers('yes');
    expect(failing(odd.ends())).toMatchObject({ code: 'agent/protocol' });
  });
});
