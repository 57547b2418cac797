import { type TurnImage, type Usage } from '../../agents/index.js';
import { type Failure } from '../../platform/errors/index.js';

export const TURN_KINDS = ['message', 'moderator', 'participant', 'task', 'synopsis'] as const;
export type TurnKind = (typeof TURN_KINDS)[number];

export const OPEN_TURN_STATES = ['queued', 'starting', 'running', 'stopping', 'limited'] as const;
export const ENDED_TURN_STATES = ['completed', 'failed', 'cancelled', 'lost'] as const;
export type TurnState = (typeof OPEN_TURN_STATES)[number] | (typeof ENDED_TURN_STATES)[number];

/** One prompt handed to a session's agent until its process ended, as clients see it. */
export interface Turn {
  id: string;
  sessionId: string;
  kind: TurnKind;
  state: TurnState;
  prompt: string;
  /** The agent's final answer. */
  text: string | null;
  readOnly: boolean;
  /** In their order. */
  images: ShownImage[];
  held: boolean;
  providerSessionId: string | null;
  usage: Usage | null;
  exitCode: number | null;
  signal: string | null;
  error: TurnError | null;
  /** Where it really runs or ran; `hostname` is what the host calls itself. */
  host: { kind: 'local' | 'ssh'; remoteId: string | null; hostname: string | null };
  /** The directory there, once it has begun: that of its session, or the scratch directory of a moderator. */
  cwd: string | null;
  /** Executions, without those that its provider's limit has ended. */
  attempts: number;
  /** What became of those before the one that runs, or the last; oldest first. */
  earlier: EarlierAttempt[];
  resumesAt: string | null;
  queuedAt: string;
  /** Why it does not go on just now: its host cannot be used or heard, or its provider is overloaded or out of reach. */
  waiting: TurnWait | null;
  /** When it is tried again by itself, while it waits. */
  retryAt: string | null;
  startedAt: string | null;
  lastActivityAt: string | null;
  finishedAt: string | null;
}

/** What is told of an image; its bytes are for the agent only. */
export type ShownImage = Pick<TurnImage, 'name' | 'mediaType'>;

/** One that did not end its turn: by a limit or a fault of its provider, or because its conversation was gone. */
export interface EarlierAttempt {
  /** Counts every execution. */
  attempt: number;
  code: string;
  message: string;
  endedAt: string;
  /** Its agent had used a tool: some of the work may be done. */
  worked: boolean;
  providerSessionId: string | null;
}

export interface TurnError extends Failure {
  recoverable: boolean;
}

export interface TurnWait extends Failure {
  since: string;
}

export const hasEnded = (turn: Pick<Turn, 'state'>): boolean =>
  (ENDED_TURN_STATES as readonly string[]).includes(turn.state);

/** For its place in the queue, its host, or its provider: nothing of it runs. */
export const isWaiting = ({ state }: Pick<Turn, 'state'>): boolean =>
  state === 'queued' || state === 'limited';
