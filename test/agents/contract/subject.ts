import {
  type AgentAdapter,
  type ProcessEnd,
  type TurnRequest,
  type Usage,
} from '../../../src/agents/adapter.js';
import { type CustomAgent } from '../../../src/agents/custom/custom-agent.js';

/**
 * What the contract asks of every agent, in the order in which people would ask it:
 *
 *     new-turn           answers, tells its conversation and what it used
 *     resume             the next turn goes on with that conversation
 *     read-only          tries every tool that writes, in a turn that may not
 *     long-prompt        300 KB
 *     dashes-prompt      begins with `---`
 *     shell-prompt       has every character that some shell would act on
 *     image              comes to the model as it was sent
 *     edit               the model has a file edited and a command run
 *     model              answers with the model that the session names
 *     effort             has the model make the effort that the session names
 *     auth-failed        401
 *     limit              429, with the time at which it resets
 *     overloaded         529, or what its wire has for it
 *     context-full       the prompt is too long for the model
 *     slow-stream        an answer of many pieces and pauses
 *     cancel             in the middle of a tool
 *     session-not-found  resumes a conversation that its CLI does not know
 */
export const CONTRACT_CASES = [
  ...['new-turn', 'resume', 'read-only', 'long-prompt', 'dashes-prompt', 'shell-prompt'],
  ...['image', 'edit', 'model', 'effort', 'auth-failed', 'limit', 'overloaded', 'context-full'],
  ...['slow-stream', 'cancel', 'session-not-found'],
] as readonly ContractCase[];

export type ContractCase =
  | 'new-turn'
  | 'resume'
  | 'read-only'
  | 'long-prompt'
  | 'dashes-prompt'
  | 'shell-prompt'
  | 'image'
  | 'edit'
  | 'model'
  | 'effort'
  | 'auth-failed'
  | 'limit'
  | 'overloaded'
  | 'context-full'
  | 'slow-stream'
  | 'cancel'
  | 'session-not-found';

/** Why there is none: a sentence for people, which the title of what is not tested tells. */
export interface None {
  none: string;
}

/**
 * What an adapter supplies to the contract: one file `test/agents/subjects/<agent>.ts` that exports it, a line in
 * `subjects/index.ts`, and `test/agents/contract/<name>.spec.ts` for its CLI. An adapter of many CLIs has many of them.
 */
export interface Subject {
  /** Name of its files and of `npm run test:agents -- <name>`: the agent, with more when it has several. */
  name: string;
  adapter: AgentAdapter;
  /** How its sessions define it, where the agent is `custom`. */
  custom?: CustomAgent;
  /** As its makers call it. */
  cli: string;
  /** The version that was recorded and is run. */
  version: string;
  recorded: RecordedCli;
  /** The CLI itself, or why no test can run it. */
  real: RealCli | None;
  told: Told;
}

/** What a client is told of its turns, beyond the capabilities that the adapter declares. */
export interface Told {
  /** Text comes in pieces while the model speaks. Otherwise each message comes when it is whole. */
  streams: boolean;
  /** What it used: of each model call, of the turn, or nothing. */
  usage: 'model-call' | 'turn' | 'no';
  cost: boolean;
  /** What the model thinks before it answers. */
  reasoning: boolean;
  /** False: not which tools it uses. */
  tools?: boolean;
  /** Each turn goes on in a copy of the conversation, which has an id of its own. */
  copies?: boolean;
  /** The time at which a limit resets: to the second, within a minute, or never. */
  reset: 'second' | 'minute' | 'no';
}

/**
 * Output of the real CLI, in `test/fixtures/agents/<folder>/<case>.{stdout,stderr,rc}`; of one that is spoken with, what was
 * said by both sides, in `<case>.jsonl`: its output is then what it has said to the requests that our client makes.
 */
export interface RecordedCli {
  /**
   * What each recording ends with, of every folder that has recordings of this CLI: `completed`, `limited` or the code of
   * the failure. Names every recording there is.
   */
  verdicts: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The recording that shows the case, as `<folder>/<case>`; or why none was made. */
  cases: Readonly<Record<ContractCase, string | None>>;
  /** Whichever line tells the end of a turn that has gone well: without it, there is no success. */
  end: RegExp | None;
  /** Words of the model in the recording of `new-turn` that stand in the output in one piece. */
  words: string;
  /** Words of a tool's output in the recording of `edit`; null where the output has none. */
  toolWords: string | null;
  /** An event of a kind that no version has, which is kept as an `unknown` fact. None: its output is plain text. */
  unknownEvent: string | None;
  /** Of a turn whose recording is not that of `turn('x')`. */
  request?(recording: string): Partial<TurnRequest>;
}

export interface RealCli {
  /** Its program, as a session names it; null when it is not installed. MAESTRO_TEST_<NAME> names another. */
  find(): string | null;
  /** What this machine lacks to run it; null when nothing. */
  lacks?(): string | null;
  /** Run by `npm test`; all others only by `npm run test:agents -- --all`. */
  inEveryTest: boolean;
  /**
   * Environment with which it uses only that model API and reaches nothing else.
   *
   * @param home where its settings are put, where it keeps its conversations, and what it leaves behind
   */
  environment(modelApi: string, home: string): Record<string, string>;
  /** Added to the environment in the case `limit`, where only some kinds of account are told when it resets. */
  limitedAccount?: Record<string, string>;
  /** Arguments of its sessions. */
  args?: readonly string[];
  /** What `--version` prints, for the detection on a host; null where it prints none. */
  versionText: RegExp | null;
  /** The model that its environment names, and another: as the wire calls them. */
  models: {
    usual: string;
    other: string;
    /** The other one as a session names it, where that is something else. */
    otherNamed?: string;
  };
  /** Its tools as the facts of the adapter call them. Null: it has none, and the case does without. */
  tools: { shell: string; read: string | null; write: string; edit: string };
  /** What it tells of an answer with `%% usage 700 20 300 50`; null when it tells nothing. */
  usage: Partial<Usage> | null;
  /** What the model reads of a prompt, where that is not the prompt alone. */
  promptAsSent?(prompt: string): string;
  /** Read-only is only asked of it; but of all that the case `read-only` tries, it was seen to do nothing. */
  writesNothing?: boolean;
  /** An id as its CLI makes them, of no conversation. */
  unknownSessionId: string;
  /**
   * What it cannot do as the contract has it: a case that is not run, or that ends otherwise. The reason is in the title
   * of the test.
   */
  exceptions: Readonly<Partial<Record<ContractCase, Exception>>>;
  work: WorkOf;
  /** How long one of its turns may take on a slow machine that does other things too. */
  turnMs: number;
}

/** `ends`: the outcome that the case has instead, as in `verdicts`. Without it, the case is not run. */
export interface Exception {
  because: string;
  ends?: string;
}

/** A playbook and a group chat with it. */
export interface WorkOf {
  /** Arguments of a session that commits its work. */
  args: readonly string[];
  /** Tools, as the wire calls them, that a writing turn has and a read-only one is not even offered. */
  withheld: readonly string[];
}

/** How often a turn may be tried that goes on with a conversation: twice where that may be gone, once elsewhere. */
export const triesOf = ({ exceptions }: RealCli): number => (exceptions.resume ? 2 : 1);

export const isNone = (it: unknown): it is None =>
  typeof it === 'object' && it !== null && 'none' in it;

/** A recording of a case, and how its process ended. */
export interface Recording {
  stdout: string;
  end: ProcessEnd;
}
