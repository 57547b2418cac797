import { readdirSync, readFileSync } from 'node:fs';
import { AcpAdapter } from '../../src/agents/acp/acp-adapter.js';
import { ASK } from '../../src/agents/acp/protocol.js';
import {
  type Fact,
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnRequest,
} from '../../src/agents/adapter.js';
import { turn } from './run-agent.js';

const ROOT = new URL('../fixtures/agents/', import.meta.url);

/** The agents whose sessions were recorded, by the folders of these. */
export const recordedAgents = (): string[] =>
  readdirSync(ROOT)
    .filter((name) => name.startsWith('acp-'))
    .sort();

export interface Message {
  id?: unknown;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: unknown;
}

/** What the agent said after each request of the client that was recorded with it. */
interface Exchange {
  asked: Message;
  agent: Message[];
  /** What the client has answered to the agent's own requests, by their id. */
  client: Map<string, Message>;
}

interface Recorded {
  exchanges: Exchange[];
  end: ProcessEnd;
}

const read = (recording: string): Recorded => {
  const exchanges: Exchange[] = [];
  let end: ProcessEnd = { exitCode: 0, signal: null, stderrTail: '' };
  const text = readFileSync(new URL(`${recording}.jsonl`, ROOT), 'utf8');
  for (const line of text.trim().split('\n')) {
    const { dir, msg } = JSON.parse(line) as { dir: string; msg: Message };
    const last = exchanges.at(-1);
    if (dir === 'exit') end = { ...end, ...exitOf(msg) };
    else if (dir === '<') last?.agent.push(msg);
    else if (msg.method === undefined) last?.client.set(JSON.stringify(msg.id), msg);
    else if ('id' in msg) exchanges.push({ asked: msg, agent: [], client: new Map() });
  }
  return { exchanges, end };
};

const exitOf = (msg: object): Pick<ProcessEnd, 'exitCode' | 'signal'> => {
  const { code, signal } = msg as { code: number | null; signal: string | null };
  return { exitCode: code ?? 143, signal };
};

export interface PlayedSession {
  state: ParserState;
  facts: Fact[];
  shown: string;
  outcome: Outcome;
  end: ProcessEnd;
  request: TurnRequest;
  /** All that the agent was sent, in order. */
  sent: Message[];
  /** All that it has said to that, a message a line. */
  stdout: string;
  /** What was recorded as the answer to each of the agent's own requests that we have answered, beside ours. */
  answers: { asked: Message; ours: Message | undefined; recorded: Message | undefined }[];
}

type Feed = (state: ParserState, lines: string[]) => { state: ParserState; facts: Fact[] };

const adapter = new AcpAdapter();

/** Line by line, the state stored and restored between any two. */
const byLine =
  (request: TurnRequest): Feed =>
  (state, lines) => {
    const facts: Fact[] = [];
    for (const line of lines) {
      const stored = JSON.parse(JSON.stringify(state)) as ParserState;
      const step = adapter.parse(stored, line, request);
      state = step.state;
      facts.push(...step.facts);
    }
    return { state, facts };
  };

/** The turn that was recorded as `<folder>/<session>`. */
export const sessionRequest = (recording: string): Partial<TurnRequest> => {
  const { exchanges } = read(recording);
  const paramsOf = (method: string): Record<string, unknown> =>
    exchanges.find(({ asked }) => asked.method === method)?.asked.params ?? {};
  const [first] = (paramsOf(ASK.prompt)['prompt'] ?? []) as { text?: string }[];
  return {
    ...{ prompt: first?.text ?? 'x', command: 'agent', cwd: '/lab/work' },
    providerSessionId: (paramsOf(ASK.load)['sessionId'] ?? null) as string | null,
  };
};

/**
 * Lets a recorded agent answer our client: each request of ours is met with what the agent has said to that request, and
 * those that nobody has recorded (a mode, a model) with success.
 *
 * @param feed how its lines come in
 */
export const playSession = (
  recording: string,
  more: Partial<TurnRequest> = {},
  feed?: Feed,
): PlayedSession => {
  const { exchanges, end } = read(recording);
  const request = turn('x', { ...sessionRequest(recording), ...more });
  const take = feed ?? byLine(request);
  const facts: Fact[] = [];
  const sent: Message[] = [];
  const said: string[] = [];
  const answers: PlayedSession['answers'] = [];
  let state = adapter.initialState();
  let coming = adapter.launch(request).stdin;
  while (coming !== '') {
    const ours = coming.trim().split('\n').map(parsed);
    sent.push(...ours);
    const lines: string[] = [];
    for (const message of ours.filter(({ method }) => method !== undefined)) {
      const at = exchanges.findIndex(({ asked }) => asked.method === message.method);
      const [exchange] = at === -1 ? [] : exchanges.splice(at, 1);
      if (!exchange) {
        lines.push(text({ id: message.id, result: {} }));
        continue;
      }
      for (const each of exchange.agent) {
        const isAnswer = each.method === undefined && each.id === exchange.asked.id;
        lines.push(text(isAnswer ? { ...each, id: message.id } : each));
        if (each.method !== undefined && 'id' in each) {
          const recorded = exchange.client.get(JSON.stringify(each.id));
          answers.push({ asked: each, ours: undefined, recorded });
        }
      }
    }
    said.push(...lines);
    const step = take(state, lines);
    facts.push(...step.facts);
    ({ state, coming } = delivered(step.state));
  }
  for (const answer of answers) {
    answer.ours = sent.find(
      ({ id, method }) =>
        method === undefined && JSON.stringify(id) === JSON.stringify(answer.asked.id),
    );
  }
  const shown = facts.map((fact) => (fact.type === 'text' ? fact.text : '')).join('');
  const hasWorked = facts.some(({ type }) => type === 'tool');
  const outcome = adapter.conclude(state, { hasWorked, ...end }, request);
  const stdout = said.map((line) => `${line}\n`).join('');
  return { state, facts, shown, outcome, end, request, sent, stdout, answers };
};

const parsed = (line: string): Message => JSON.parse(line) as Message;
const text = (message: Message): string => JSON.stringify({ jsonrpc: '2.0', ...message });

/** The drive has handed over what was unsent. */
export const delivered = (state: ParserState): { state: ParserState; coming: string } => {
  const { sent, unsent, closed } = state.outbox ?? { sent: 0, unsent: '', closed: true };
  return {
    state: {
      ...state,
      outbox: { sent: sent + Buffer.byteLength(unsent), unsent: '', closed },
    },
    coming: unsent,
  };
};
