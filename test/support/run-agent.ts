import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AgentAdapter,
  type Fact,
  type Outcome,
  type ParserState,
  type TurnRequest,
} from '../../src/agents/adapter.js';

export const turn = (prompt: string, more: Partial<TurnRequest> = {}): TurnRequest => ({
  ...{ prompt, providerSessionId: null, readOnly: false, model: null, effort: null, images: [] },
  ...{ args: [], command: null, cwd: '/', directory: '/nowhere', spentBefore: null },
  ...more,
});

export interface AgentRun {
  child: ChildProcess;
  facts: Fact[];
  /** Resolves when a client would have seen that text. */
  shows(text: string): Promise<void>;
  /** Resolves when a tool of that name has been started. */
  uses(tool: string): Promise<void>;
  done: Promise<{
    state: ParserState;
    outcome: Outcome;
    shown: string;
    stdout: string;
    stderr: string;
  }>;
}

/** Starts an agent as a host would, in exactly this environment, and follows it to its end. */
export const startAgent = (
  adapter: AgentAdapter,
  request: TurnRequest,
  place: { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number },
): AgentRun => {
  const launch = adapter.launch(request);
  const [program, ...args] = launch.argv;
  for (const { name, content } of launch.files ?? []) {
    mkdirSync(request.directory, { recursive: true, mode: 0o700 });
    writeFileSync(join(request.directory, name), content, { mode: 0o600 });
  }
  const env = { ...launch.env, ...place.env, ...launch.fixedEnv };
  const child = spawn(program, args, { ...place, env });
  const facts: Fact[] = [];
  const shown = (): string => facts.map((fact) => (fact.type === 'text' ? fact.text : '')).join('');
  let state = adapter.initialState(request);
  let [stdout, stderr, rest] = ['', '', ''];
  let look = (): void => undefined;
  /** What an interactive agent is told next goes to its stdin at once. */
  const post = (): void => {
    const { outbox } = state;
    if (!outbox || child.stdin.writableEnded) return;
    child.stdin.write(outbox.unsent);
    const sent = outbox.sent + Buffer.byteLength(outbox.unsent);
    state = { ...state, outbox: { ...outbox, sent, unsent: '' } };
    if (outbox.closed) child.stdin.end();
  };
  const take = (line: string): void => {
    const step = adapter.parse(state, line, request);
    state = step.state;
    facts.push(...step.facts);
    post();
    look();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A program that ends before it has read everything is judged by its end, not by the broken pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.write(launch.stdin);
  if (!launch.interactive) child.stdin.end();
  const done = new Promise<Awaited<AgentRun['done']>>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      take(rest);
      const hasWorked = facts.some(({ type }) => type === 'tool');
      const end = { exitCode: code ?? 137, signal, stderrTail: stderr.slice(-16_384), hasWorked };
      resolve({
        state,
        outcome: adapter.conclude(state, end, request),
        shown: shown(),
        stdout,
        stderr,
      });
    });
  });
  const until = (it: () => boolean, what: string): Promise<void> =>
    new Promise((resolve, reject) => {
      look = () => {
        if (it()) resolve();
      };
      look();
      done.then(() => {
        reject(new Error(`It ended without ${what}: ${stdout}`));
      }, reject);
    });
  return {
    ...{ child, facts, done },
    shows: (text) => until(() => shown().includes(text), `saying ${JSON.stringify(text)}`),
    uses: (tool) =>
      until(
        () => facts.some((fact) => fact.type === 'tool' && fact.name === tool),
        `using ${tool}`,
      ),
  };
};
