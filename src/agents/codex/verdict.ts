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

const CODEX = { label: 'Codex', program: 'codex' };

/**
 * The verdict over a `codex exec`. It rests on how the CLI says that the turn ended, the exit code and stderr; what
 * the model has said is never looked at.
 */
export const concludeThread = (
  state: ParserState,
  end: ProcessEnd,
  request: TurnRequest,
  now: Date,
): Outcome => {
  const told = readMemory(state).end;
  if (told && !told.completed) {
    const { reason } = told;
    return failedTurn(CODEX.label, remedyOf(reason), reason, () => resetTime(reason, now));
  }
  const failure =
    (state.providerSessionId === null ? refusal(end) : null) ?? processFailure(CODEX, end);
  if (failure !== null) return { kind: 'failed', failure };
  if (told) return answered(CODEX.label, state, end, request);
  return { kind: 'failed', failure: withoutEnd(CODEX.label) };
};

/** What it would not begin with is told on stderr, before the first event. */
const refusal = ({ exitCode, signal, stderrTail }: ProcessEnd): TurnFailure | null =>
  exitCode === 0 || signal !== null ? null : notStarted(CODEX.label, refusalToStart(stderrTail));
