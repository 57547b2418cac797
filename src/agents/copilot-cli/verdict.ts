import { type Outcome, type ParserState, type ProcessEnd, type TurnFailure } from '../adapter.js';
import { processFailure } from '../process-failure.js';
import { readMemory, type SessionError } from './memory.js';
import { refusalToStart, remedyOf } from './remedies.js';
import { resetTime } from './reset-time.js';

const COPILOT = { label: 'Copilot CLI', program: 'copilot' };
const REASON_LENGTH = 500;

/**
 * The verdict over a run without a terminal. It rests on the errors of the session and on the result that the CLI tells,
 * the exit code and stderr; what the model has said is never looked at. A result of 0 alone is no sign of success: it
 * is told after an interruption too.
 */
export const concludeStream = (state: ParserState, end: ProcessEnd, now: Date): Outcome => {
  const { error, aborted, exitCode } = readMemory(state);
  if (error !== null && exitCode !== null) return failedTurn(error, now);
  const failure =
    (state.providerSessionId === null ? refusal(end) : null) ?? processFailure(COPILOT, end);
  if (failure !== null) return { kind: 'failed', failure };
  if (exitCode === 0 && !aborted) return { kind: 'completed', text: state.text ?? '' };
  return { kind: 'failed', failure: aborted ? INTERRUPTED : UNFINISHED };
};

const failedTurn = (error: SessionError, now: Date): Outcome => {
  const { isLimit, ...remedy } = remedyOf(error);
  const failure: TurnFailure = {
    ...remedy,
    message: `Copilot CLI: ${error.message.trim().slice(0, REASON_LENGTH)}`,
  };
  return isLimit
    ? { kind: 'limited', failure, resumesAt: resetTime(error.message, now) }
    : { kind: 'failed', failure };
};

/** What it would not begin with is told on stderr, before the first event. */
const refusal = (end: ProcessEnd): TurnFailure | null => {
  if (end.exitCode === 0 || end.signal !== null) return null;
  const found = refusalToStart(end.stderrTail);
  if (found === null) return null;
  const said = found.line.trim().slice(0, REASON_LENGTH);
  return { ...found.remedy, message: `Copilot CLI did not start: ${said}` };
};

const INTERRUPTED: TurnFailure = {
  code: 'agent/crashed',
  message: 'Copilot CLI was interrupted before it had finished',
  hint: 'Somebody or something on the host interrupted it. Send the prompt again to go on.',
  recoverable: true,
};
const UNFINISHED: TurnFailure = {
  code: 'agent/protocol',
  message: 'Copilot CLI exited without saying that its turn succeeded',
  hint: 'Its output was cut off or it was interrupted. Send the prompt again; if it happens again, update it on that host.',
  recoverable: true,
};
