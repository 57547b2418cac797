import { ENDED_RUN_STATES, type RunState } from './run.js';

/** Every way a run can go. What is not here is a bug. */
const NEXT: Record<RunState, readonly RunState[]> = {
  queued: ['running', 'paused', 'stopped'],
  running: ['paused', 'limited', 'stopping', 'completed', 'failed', 'stopped'],
  paused: ['queued', 'running', 'stopped'],
  /** Its turn waits for a provider's limit to reset. */
  limited: ['running', 'paused', 'stopping', 'stopped'],
  /** Its last turn is being waited for, or killed. */
  stopping: ['stopped'],
  completed: [],
  failed: [],
  stopped: [],
};

export const canBecome = (from: RunState, to: RunState): boolean => NEXT[from].includes(to);

export const requireTransition = (from: RunState, to: RunState): void => {
  if (!canBecome(from, to)) throw new Error(`A ${from} run can not become ${to}`);
};

export const runHasEnded = ({ state }: { state: RunState }): boolean =>
  (ENDED_RUN_STATES as readonly string[]).includes(state);

export type RunCommand = 'stop' | 'kill' | 'resume' | 'skip' | 'abort';

/** What a command means to a run in a state: do it, it is done already, or it makes no sense. */
export type CommandVerdict = 'do' | 'done' | 'conflict';

export const judgeCommand = (command: RunCommand, state: RunState): CommandVerdict => {
  switch (command) {
    case 'resume':
    case 'skip':
      return state === 'paused' ? 'do' : 'conflict';
    case 'stop':
      if (state === 'stopping' || state === 'stopped') return 'done';
      return runHasEnded({ state }) ? 'conflict' : 'do';
    case 'kill':
    case 'abort':
      if (state === 'stopped') return 'done';
      return runHasEnded({ state }) ? 'conflict' : 'do';
  }
};

/** What a run that was stopped by a command says as its reason. */
export const STOP_REASONS = { stop: 'stopped', kill: 'killed', abort: 'aborted' } as const;
export type StopReason = (typeof STOP_REASONS)[keyof typeof STOP_REASONS];
