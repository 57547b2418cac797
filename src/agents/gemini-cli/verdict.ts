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
import { readApiError } from './api-error.js';
import { readMemory } from './memory.js';
import { refusalToStart, remedyOf } from './remedies.js';
import { resetTime } from './reset-time.js';

const GEMINI = { label: 'Gemini CLI', program: 'gemini' };

/**
 * The verdict over a run without a terminal. It rests on how the CLI says that the turn ended, the exit code and
 * stderr; what the model has said is never looked at. The exit code alone is no sign of success: it is 0 after an
 * interruption, and after some errors too.
 */
export const concludeStream = (
  state: ParserState,
  end: ProcessEnd,
  request: TurnRequest,
  now: Date,
): Outcome => {
  const told = readMemory(state).end;
  if (told && !told.succeeded) {
    const error = readApiError(told.reason, end.exitCode);
    const resetsAt = (): string | null => resetTime(told.reason, now);
    return failedTurn(GEMINI.label, remedyOf(error), error.message, resetsAt);
  }
  const failure =
    (state.providerSessionId === null ? refusal(end) : null) ?? processFailure(GEMINI, end);
  if (failure !== null) return { kind: 'failed', failure };
  if (told) return answered(GEMINI.label, state, end, request);
  return { kind: 'failed', failure: withoutEnd(GEMINI.label) };
};

/** What it would not begin with is told on stderr, before the first event. */
const refusal = ({ exitCode, signal, stderrTail }: ProcessEnd): TurnFailure | null =>
  signal === null ? notStarted(GEMINI.label, refusalToStart(exitCode, stderrTail)) : null;
