import {
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnFailure,
  type TurnRequest,
} from '../adapter.js';
import { answered } from '../failures/answers.js';
import { processFailure } from '../failures/process-failure.js';
import { failedTurn, notStarted, withoutEnd } from '../failures/told-failures.js';
import { readMemory } from './memory.js';
import { refusalToStart, remedyOf } from './remedies.js';
import { resetTime } from './reset-time.js';

const COPILOT = { label: 'Copilot CLI', program: 'copilot' };

/**
 * The verdict over a run without a terminal. It rests on the errors of the session and on the result that the CLI tells,
 * the exit code and stderr; what the model has said is never looked at. A result of 0 alone is no sign of success: it
 * is told after an interruption too.
 */
export const concludeStream = (
  state: ParserState,
  end: ProcessEnd,
  request: TurnRequest,
  now: Date,
): Outcome => {
  const { error, aborted, exitCode, cut, endsCut } = readMemory(state);
  if (error !== null && exitCode !== null) {
    const { message } = error;
    return failedTurn(COPILOT.label, remedyOf(error), message, () => resetTime(message, now));
  }
  const failure =
    (state.providerSessionId === null ? refusal(end) : null) ?? processFailure(COPILOT, end);
  if (failure !== null) return { kind: 'failed', failure };
  if (exitCode === 0 && !aborted) {
    return answered(COPILOT.label, state, end, request, endsCut || cut.length > 0);
  }
  return { kind: 'failed', failure: aborted ? INTERRUPTED : withoutEnd(COPILOT.label) };
};

/** What it would not begin with is told on stderr, before the first event. */
const refusal = ({ exitCode, signal, stderrTail }: ProcessEnd): TurnFailure | null =>
  exitCode === 0 || signal !== null ? null : notStarted(COPILOT.label, refusalToStart(stderrTail));

const INTERRUPTED: TurnFailure = {
  code: 'agent/crashed',
  message: 'Copilot CLI was interrupted before it had finished',
  hint: 'Somebody or something on the host interrupted it. Send the prompt again to go on.',
  recoverable: true,
};
