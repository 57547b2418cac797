import { type Failure } from '../platform/errors/domain-error.js';

/** The kinds of AI CLI a session can have. Adding one = one folder here with an adapter, a parser and its fixtures. */
export const AGENT_NAMES = [
  'claude-code',
  'codex',
  'opencode',
  'gemini-cli',
  'copilot-cli',
  'factory-droid',
  'qwen',
  'acp',
  'custom',
  'demo',
] as const;
export type AgentName = (typeof AGENT_NAMES)[number];

/**
 * Everything the server knows about one agent CLI. An adapter does no I/O and does not know on which host its
 * agent runs: it says how to start it and what its output means.
 */
export interface AgentAdapter {
  readonly agent: AgentName;
  /** For people: `Claude Code`. */
  readonly label: string;
  /** The program that detection looks for in the login PATH of the host. */
  readonly program: string;
  /** Arguments that make the program print its version and end. */
  readonly versionArgs: readonly string[];
  readonly capabilities: AgentCapabilities;
  /** Its CLI tells what a whole conversation has used, not one turn: see `initialState`. */
  readonly tellsTotals?: boolean;

  /** How this turn is started. Throws `agent/unsupported` for what the capabilities exclude. */
  launch(request: TurnRequest): Launch;

  /**
   * State before the first line. Plain JSON: it is stored with every committed offset and restored on re-attach.
   *
   * @param spentBefore what earlier turns have used of the conversation that this one resumes, where the CLI
   *   `tellsTotals`; null when it is fresh
   */
  initialState(spentBefore: Usage | null): ParserState;
  /**
   * Folds one line of stdout (without its newline) into the state and says what a client should see of it.
   * Pure and total: never throws, whatever the bytes; unknown events are kept out of the way, not fatal.
   */
  parse(state: ParserState, line: string): { state: ParserState; facts: Fact[] };
  /** The verdict over a process that has ended. Never judged from the agent's prose. */
  conclude(state: ParserState, end: ProcessEnd): Outcome;
}

export interface AgentCapabilities {
  resume: boolean;
  /** `enforced`: the CLI refuses to write; `advisory`: it is only asked not to; `none`: refused with `agent/unsupported`. */
  readOnly: 'enforced' | 'advisory' | 'none';
  model: boolean;
  images: boolean;
}

export interface TurnRequest {
  prompt: string;
  /** Provider session to resume; null starts a fresh one. */
  providerSessionId: string | null;
  readOnly: boolean;
  model: string | null;
  /** Extra arguments of the session, passed on as they are. */
  args: readonly string[];
  /** Path of the CLI on its host; null: the adapter's program, found by the login PATH. */
  command: string | null;
}

export interface Launch {
  argv: readonly [string, ...string[]];
  /** Added below the session's own environment. */
  env: Record<string, string>;
  /** The prompt as this CLI takes it. Never in argv. */
  stdin: string;
}

export interface ParserState {
  /** Known from the first event that carries it, so that a killed turn can be resumed too. */
  providerSessionId: string | null;
  /** The final text as far as it is known. */
  text: string | null;
  usage: Usage | null;
  /** Whatever else the adapter must remember; plain JSON. */
  memory: Record<string, unknown>;
}

export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  costUsd: number | null;
  contextWindow: number | null;
  contextTokens: number | null;
}

/** What a client sees while a turn runs. */
export type Fact =
  | { type: 'text'; text: string }
  | {
      type: 'tool';
      id: string;
      name: string;
      phase: 'started' | 'completed' | 'failed';
      summary: string | null;
    };

export interface ProcessEnd {
  exitCode: number;
  /** Name of the signal that ended it, for example `SIGKILL`; null when it exited by itself. */
  signal: string | null;
  /** Up to the last 16 KiB of stderr. */
  stderrTail: string;
  /** What people call the host on which it ran; failures name it. */
  hostName?: string;
}

export type Outcome =
  | { kind: 'completed'; text: string }
  /** A provider's limit; `resumesAt` when the CLI says when it resets (RFC 3339). */
  | { kind: 'limited'; failure: TurnFailure; resumesAt: string | null }
  | { kind: 'failed'; failure: TurnFailure };

export type TurnErrorCode =
  | 'agent/auth-failed'
  | 'agent/limit'
  | 'agent/overloaded'
  | 'agent/context-full'
  | 'agent/session-not-found'
  | 'agent/network'
  | 'agent/permission-denied'
  | 'agent/crashed'
  | 'agent/protocol'
  | 'agent/unsupported'
  | 'agent/command-not-found'
  | 'agent/binary-not-found'
  | 'agent/interpreter-missing';

export interface TurnFailure extends Failure {
  code: TurnErrorCode;
  /** Whether another turn of the same session may work without a person doing something. */
  recoverable: boolean;
}
