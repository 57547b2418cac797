import { type RunDocument } from './run.js';

/** Passes of a run that says no limit of its own. */
export const LOOP_CEILING = 100;
/** Task turns of a whole run: an agent that adds a task for each that it does would go on for ever. */
export const TURN_CEILING = 2_000;
/** Turns in a row without a change of any task, after which a document is given up. */
export const IDLE_TURNS_UNTIL_STALLED = 3;

export type EndReason =
  | 'done'
  /** Some documents were given up or skipped. */
  | 'incomplete'
  | 'no-tasks'
  | 'stalled'
  | 'max-loops'
  | 'loop-ceiling'
  | 'turn-ceiling'
  | 'dry-run';

export type PassVerdict =
  { next: 'pass' } | { next: 'end'; state: 'completed' | 'failed'; reason: EndReason };

export interface FinishedPass {
  documents: readonly RunDocument[];
  loop: number;
  looping: boolean;
  maxLoops: number | null;
  tickedInPass: number;
}

/** What becomes of a run when all its documents are through. Every answer leads to an end. */
export const judgePass = ({
  documents,
  loop,
  looping,
  maxLoops,
  tickedInPass,
}: FinishedPass): PassVerdict => {
  const worked = documents.filter((document) => document.worked);
  if (worked.length === 0) {
    const skipped = documents.some((document) => document.skipped);
    return completed(skipped ? 'incomplete' : loop === 1 ? 'no-tasks' : 'done');
  }
  if (worked.every(({ stalled }) => stalled)) {
    return { next: 'end', state: 'failed', reason: 'stalled' };
  }
  const incomplete = documents.some(({ stalled, skipped }) => stalled || skipped);
  const finished = completed(incomplete ? 'incomplete' : 'done');
  if (!looping || tickedInPass === 0) return finished;
  const lasting = documents.filter(({ resetOnCompletion }) => !resetOnCompletion);
  if (lasting.length > 0 && lasting.every(({ open }) => open === 0)) return finished;
  if (maxLoops !== null && loop >= maxLoops) return completed('max-loops');
  return loop >= LOOP_CEILING ? completed('loop-ceiling') : { next: 'pass' };
};

const completed = (reason: EndReason): PassVerdict => ({ next: 'end', state: 'completed', reason });
