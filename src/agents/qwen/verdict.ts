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

const QWEN = { label: 'Qwen Code', program: 'qwen' };

/**
 * The verdict over a run without a terminal. It rests on how the CLI says that the turn ended, on the notice that it writes
 * in place of an answer, the exit code and stderr; what the model has said is never looked at.
 */
export const concludeStream = (
  state: ParserState,
  end: ProcessEnd,
  request: TurnRequest,
  now: Date,
): Outcome => {
  const told = readMemory(state).end;
  if (told && !told.succeeded) {
    const { reason } = told;
    return failedTurn(QWEN.label, remedyOf(readApiError(reason)), reason, () =>
      resetTime(reason, now),
    );
  }
  const failure =
    (state.providerSessionId === null ? refusal(end) : null) ?? processFailure(QWEN, end);
  if (failure !== null) return { kind: 'failed', failure };
  if (told) return answered(QWEN.label, state, end, request);
  return { kind: 'failed', failure: withoutEnd(QWEN.label) };
};

/** What it would not begin with is told on stderr, before the first event. */
const refusal = ({ exitCode, signal, stderrTail }: ProcessEnd): TurnFailure | null =>
  exitCode === 0 || signal !== null ? null : notStarted(QWEN.label, refusalToStart(stderrTail));
