import { type Usage } from '../../../agents/index.js';
import { type Failure } from '../../../platform/errors/index.js';

export const OPEN_RUN_STATES = ['queued', 'running', 'paused', 'limited', 'stopping'] as const;
export const ENDED_RUN_STATES = ['completed', 'failed', 'stopped'] as const;
export const RUN_STATES = [...OPEN_RUN_STATES, ...ENDED_RUN_STATES] as const;
export type RunState = (typeof RUN_STATES)[number];

/** Why a run waits for a person. */
export interface RunPause {
  reason: PauseReason;
  detail: string;
  failure?: Failure;
}

export type PauseReason =
  | 'human-gate'
  | 'turn-failed'
  | 'document-missing'
  /** The document can't be read, and time will not heal it. */
  | 'document-unreadable'
  /** The host, the worktree or the session refuses, and time will not heal it. */
  | 'refused';

/** One document of a run, and how far it is in the current pass. */
export interface RunDocument {
  path: string;
  resetOnCompletion: boolean;
  done: number;
  open: number;
  /** Whether there was something to do in it in this pass. */
  worked: boolean;
  /** Given up in this pass: turn after turn changed no task. */
  stalled: boolean;
  /** Left out of this pass by a person. */
  skipped: boolean;
}

/** One execution of a list of documents, as clients see it. */
export interface Run {
  id: string;
  sessionId: string;
  /** Where its turns run: the session itself, or the child session of its worktree. */
  workSessionId: string | null;
  playbookId: string | null;
  state: RunState;
  pause: RunPause | null;
  endReason: string | null;
  /** The current pass over the documents, from 1. */
  loop: number;
  document: string | null;
  progress: RunProgress;
  worktreeId: string | null;
  pullRequest: { url: string } | null;
  turnId: string | null;
  usage: Usage;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
}

export interface RunProgress {
  documents: number;
  /** The current document, from 1. */
  document: number;
  tasksDone: number;
  tasksTotal: number;
}

export type RunTaskState = 'planned' | 'running' | 'done' | 'unchanged' | 'failed';

/** One task that was handed to the agent, or in a dry run would be. */
export interface RunTask {
  id: string;
  runId: string;
  state: RunTaskState;
  loop: number;
  document: string;
  line: number;
  text: string;
  turnId: string | null;
  /** Boxes that this turn ticked; an agent may do several. */
  ticked: number | null;
  success: boolean | null;
  summary: string | null;
  error: Failure | null;
  startedAt: string | null;
  finishedAt: string | null;
}

export const runStream = (runId: string): string => `run:${runId}`;
