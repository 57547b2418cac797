import { type Outcome, type ParserState, type ProcessEnd, type TurnFailure } from '../adapter.js';
import { processFailure } from '../process-failure.js';
import { readApiError } from './api-error.js';
import { readMemory } from './memory.js';
import { refusalToStart, remedyOf } from './remedies.js';
import { resetTime } from './reset-time.js';

const GEMINI = { label: 'Gemini CLI', program: 'gemini' };
const REASON_LENGTH = 500;

/**
 * The verdict over a run without a terminal. It rests on how the CLI says that the turn ended, the exit code and
 * stderr; what the model has said is never looked at. The exit code alone is no sign of success: it is 0 after an
 * interruption, and after some errors too.
 */
export const concludeStream = (state: ParserState, end: ProcessEnd, now: Date): Outcome => {
  const told = readMemory(state).end;
  if (told && !told.succeeded) return failedTurn(told.reason, end, now);
  const failure =
    (state.providerSessionId === null ? refusal(end) : null) ?? processFailure(GEMINI, end);
  if (failure !== null) return { kind: 'failed', failure };
  if (told) return { kind: 'completed', text: state.text ?? '' };
  return {
    kind: 'failed',
    failure: {
      code: 'agent/protocol',
      message: 'Gemini CLI exited without saying how its turn ended',
      hint: 'It was interrupted, or its output was cut off. Send the prompt again; if it happens again, update it on that host.',
      recoverable: true,
    },
  };
};

const failedTurn = (reason: string, { exitCode }: ProcessEnd, now: Date): Outcome => {
  const error = readApiError(reason, exitCode);
  const { isLimit, ...remedy } = remedyOf(error);
  const failure: TurnFailure = {
    ...remedy,
    message: `Gemini CLI: ${error.message.trim().slice(0, REASON_LENGTH)}`,
  };
  return isLimit
    ? { kind: 'limited', failure, resumesAt: resetTime(reason, now) }
    : { kind: 'failed', failure };
};

/** What it would not begin with is told on stderr, before the first event. */
const refusal = (end: ProcessEnd): TurnFailure | null => {
  if (end.signal !== null) return null;
  const found = refusalToStart(end.exitCode, end.stderrTail);
  if (found === null) return null;
  const said = found.line.trim().slice(0, REASON_LENGTH);
  return { ...found.remedy, message: `Gemini CLI did not start: ${said}` };
};
