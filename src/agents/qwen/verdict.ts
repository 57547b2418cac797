import { type Outcome, type ParserState, type ProcessEnd, type TurnFailure } from '../adapter.js';
import { processFailure } from '../process-failure.js';
import { readApiError } from './api-error.js';
import { readMemory } from './memory.js';
import { refusalToStart, remedyOf } from './remedies.js';
import { resetTime } from './reset-time.js';

const QWEN = { label: 'Qwen Code', program: 'qwen' };
const REASON_LENGTH = 500;

/**
 * The verdict over a run without a terminal. It rests on how the CLI says that the turn ended, on the notice that it writes
 * in place of an answer, the exit code and stderr; what the model has said is never looked at.
 */
export const concludeStream = (state: ParserState, end: ProcessEnd, now: Date): Outcome => {
  const told = readMemory(state).end;
  if (told && !told.succeeded) return failedTurn(told.reason, now);
  const failure =
    (state.providerSessionId === null ? refusal(end) : null) ?? processFailure(QWEN, end);
  if (failure !== null) return { kind: 'failed', failure };
  if (told) return { kind: 'completed', text: state.text ?? '' };
  return {
    kind: 'failed',
    failure: {
      code: 'agent/protocol',
      message: 'Qwen Code exited without saying how its turn ended',
      hint: 'It was interrupted, or its output was cut off. Send the prompt again; if it happens again, update it on that host.',
      recoverable: true,
    },
  };
};

const failedTurn = (reason: string, now: Date): Outcome => {
  const { isLimit, ...remedy } = remedyOf(readApiError(reason));
  const failure: TurnFailure = {
    ...remedy,
    message: `Qwen Code: ${reason.trim().slice(0, REASON_LENGTH)}`,
  };
  return isLimit
    ? { kind: 'limited', failure, resumesAt: resetTime(reason, now) }
    : { kind: 'failed', failure };
};

/** What it would not begin with is told on stderr, before the first event. */
const refusal = (end: ProcessEnd): TurnFailure | null => {
  if (end.exitCode === 0 || end.signal !== null) return null;
  const found = refusalToStart(end.stderrTail);
  if (found === null) return null;
  const said = found.line.trim().slice(0, REASON_LENGTH);
  return { ...found.remedy, message: `Qwen Code did not start: ${said}` };
};
