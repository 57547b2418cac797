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
  /** It may be any program: the session has to name one as its `command`. */
  readonly needsCommand?: boolean;
  /** What a session cannot say among its arguments, because the server says it. */
  readonly ownOptions?: OwnOptions;
  /** How one learns whether somebody is signed in; absent where its CLI has no way to tell. */
  readonly login?: LoginKnowledge;
  /** How its CLI lists the models that a session can name; absent where it does not. */
  readonly models?: CliQuestion<AgentModel[] | null>;
  /** Its CLI tells what a whole conversation has used, not one turn: see `initialState`. */
  readonly tellsTotals?: boolean;
  /** Its CLI resumes a conversation in a copy with an id of its own: that the id is another one means nothing. */
  readonly resumesCopies?: boolean;

  /** How this turn is started. Throws `agent/unsupported` for what the capabilities exclude. */
  launch(turn: TurnRequest): Launch;

  /** State before the first line. Plain JSON: it is stored with every committed offset and restored on re-attach. */
  initialState(turn: TurnRequest): ParserState;
  /**
   * Folds one line of stdout (without its newline) into the state and says what a client should see of it.
   * Pure and total: never throws, whatever the bytes; events of a kind it does not know become `unknown` facts.
   */
  parse(state: ParserState, line: string, turn: TurnRequest): { state: ParserState; facts: Fact[] };
  /** The verdict over a process that has ended. Never judged from the agent's prose. */
  conclude(state: ParserState, end: ProcessEnd, turn: TurnRequest): Outcome;
}

export interface AgentCapabilities {
  resume: boolean;
  /**
   * `enforced`: the CLI refuses to write, with the settings that it has on its host (a variable of the session may choose
   * others, such as `CODEX_HOME`, and what these start beside the model is not held back); `advisory`: it is only asked
   * not to; `none`: refused with `agent/unsupported`.
   */
  readOnly: 'enforced' | 'advisory' | 'none';
  model: boolean;
  /** The levels of effort that it can be told, weakest first; empty when it cannot be told any. */
  effort: readonly string[];
  images: boolean;
}

/** Options of a CLI by which the server is understood, and goes on with the right conversation. */
export interface OwnOptions {
  always: RegExp;
  /** Where the session names its model, or its effort. */
  model: RegExp;
  effort?: RegExp;
}

interface LoginKnowledge {
  /** Variables that its CLI documents as credentials: with one of them in the login environment somebody is signed in. */
  variables?: readonly string[];
  /** Its own command for that, which needs no network and changes nothing. */
  question?: CliQuestion<AgentLogin>;
}

/** Something that a CLI is asked beside its work, without input. */
export interface CliQuestion<Answer> {
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** The first version that is known to have this command: an earlier one might take its words for a prompt. */
  since?: string;
  /** Pure and total. */
  read(said: CliAnswer): Answer;
}

interface CliAnswer {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface AgentLogin {
  state: 'signed-in' | 'signed-out' | 'unknown';
  /** Whose account it is, for people; null where its CLI does not tell. Never a key. */
  account: string | null;
}

export interface AgentModel {
  /** As a session names it. */
  id: string;
  name: string | null;
  contextWindow: number | null;
  /** The levels of effort that it knows, weakest first; null where its CLI does not tell. */
  effort: string[] | null;
}

/** One turn, as an adapter is told of it: the same at its start, for every line, and at its end. */
export interface TurnRequest {
  prompt: string;
  /** Provider session to resume; null starts a fresh one. */
  providerSessionId: string | null;
  readOnly: boolean;
  model: string | null;
  /** One of the levels that the capabilities name. */
  effort: string | null;
  images: readonly TurnImage[];
  /** Extra arguments of the session, passed on as they are. */
  args: readonly string[];
  /** Path of the CLI on its host; null: the adapter's program, found by the login PATH. */
  command: string | null;
  /** Where it works on its host, absolute. */
  cwd: string;
  /**
   * A directory on its host that only this turn has, absolute, with an unguessable name: made with mode 0700 when the
   * launch names files, and removed after the turn.
   */
  directory: string;
  /**
   * What earlier turns have used of the conversation that this one resumes, where the CLI `tellsTotals`; null when it is
   * fresh.
   */
  spentBefore: Usage | null;
}

export interface TurnImage {
  /** As its sender called it; for people, never a path. */
  name: string;
  mediaType: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';
  /** Its bytes in base64. */
  data: string;
}

export interface Launch {
  argv: readonly [string, ...string[]];
  /** Added below the session's own environment. */
  env: Record<string, string>;
  /** Laid over the session's own environment: what a turn may not do is not up to that. */
  fixedEnv?: Record<string, string>;
  /** The prompt as this CLI takes it. Never in argv. */
  stdin: string;
  /** Put into the `directory` of the turn with mode 0600 before it starts. */
  files?: readonly TurnFile[];
  /**
   * A plain name within the `directory` of the turn, which the CLI makes itself where there are no files. What it leaves
   * there, and does not tell on stdout, comes as the last line of its output when it has ended.
   */
  report?: string;
  /** Its stdin stays open behind `stdin` for the `outbox` of the parser's state, until that is `closed`. */
  interactive?: boolean;
}

export interface TurnFile {
  /** A plain name within the directory. */
  name: string;
  content: Buffer | string;
}

export interface ParserState {
  /** Known from the first event that carries it, so that a killed turn can be resumed too. */
  providerSessionId: string | null;
  /** The final text as far as it is known. */
  text: string | null;
  /** The model that answers, as its provider calls it, where the CLI says so. */
  model: string | null;
  usage: Usage | null;
  /** Whatever else the adapter must remember; plain JSON. */
  memory: Record<string, unknown>;
  /** What an interactive agent is to be told next. */
  outbox?: Outbox;
  /** Its turn is over: should its process stay when it has read the end of its input, nothing is lost by ending it. */
  isOver?: boolean;
}

/**
 * Text on its way to the stdin of an interactive agent. The adapter appends to `unsent` and sets `closed`; whoever drives
 * the turn moves what the host has taken from `unsent` to the count of `sent`. Committed with the output that caused it,
 * and handed over by its position: whoever takes the turn over sends it again, and the agent reads it once.
 */
export interface Outbox {
  /** Bytes (UTF-8) that the host has taken, those of `Launch.stdin` included. */
  sent: number;
  unsent: string;
  /** Nothing follows `unsent`: the agent reads the end of its input. */
  closed: boolean;
}

/** What one turn has used. */
export interface Usage extends Tokens {
  costUsd: number | null;
  /** The cost was worked out here from a dated list of prices; the CLI has told none. */
  costIsEstimate: boolean;
  contextWindow: number | null;
  /** Of the last call of a model, not the sum of all. */
  contextTokens: number | null;
}

export interface Tokens {
  /** Neither read from a cache nor written to one. */
  inputTokens: number;
  /** With those of `reasoningTokens`. */
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  /** Null where the CLI does not tell. */
  reasoningTokens: number | null;
}

/** What a client sees while a turn runs. */
export type Fact =
  | { type: 'text'; text: string }
  /** What the model thinks before it answers. */
  | { type: 'reasoning'; text: string }
  /** One call of a model is over, where the CLI tells of each. */
  | { type: 'model-call'; model: string | null; tokens: Tokens }
  /** An event of a kind that the adapter does not know: `raw` is its beginning. */
  | { type: 'unknown'; name: string; raw: string }
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
  /** Its host has looked for its program before it was to start, and it is not there. */
  isMissing?: boolean;
  /** The server had told it to end: what a CLI then says of success may mean only that it has ended. */
  wasStopped?: boolean;
  /** It has used a tool, as its adapter has told. */
  hasWorked?: boolean;
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
