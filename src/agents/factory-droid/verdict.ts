import {
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnFailure,
  type TurnRequest,
} from '../adapter.js';
import { answered } from '../failures/answers.js';
import { endingSignal, processFailure, startFailure } from '../failures/process-failure.js';
import { CONVERSATION_GONE } from '../failures/remedies.js';
import { failedTurn, notStarted, withoutEnd } from '../failures/told-failures.js';
import { type Memory, readMemory } from './memory.js';
import { refusalToStart, remedyOf } from './remedies.js';
import { resetTime } from './reset-time.js';

const DROID = { label: 'Droid', program: 'droid' };

/**
 * The verdict over a `droid exec`. It rests on how the CLI says that the turn ended, the exit code and stderr; what the
 * model has said is never looked at. The exit code alone is no sign of success: it is 0 after an interruption.
 */
export const concludeExec = (
  state: ParserState,
  end: ProcessEnd,
  request: TurnRequest,
  now: Date,
): Outcome => {
  const memory = readMemory(state);
  const { failure: told } = memory;
  if (told !== null) {
    return failedTurn(DROID.label, remedyOf(told), told, () => resetTime(told, now));
  }
  const failure =
    startFailure(DROID, end) ??
    (state.providerSessionId === null ? refusal(end, request) : null) ??
    processFailure(DROID, end) ??
    interrupted(memory, end);
  return failure === null
    ? answered(DROID.label, state, end, request)
    : { kind: 'failed', failure };
};

/** What it would not begin with is told on stderr, before the first event; of a conversation, nothing at all is. */
const refusal = (end: ProcessEnd, request: TurnRequest): TurnFailure | null => {
  if (end.exitCode === 0 || endingSignal(end) !== null) return null;
  const found = refusalToStart(end.stderrTail);
  if (found !== null) return notStarted(DROID.label, found);
  return end.exitCode === 1 && request.providerSessionId !== null && end.stderrTail.trim() === ''
    ? {
        ...CONVERSATION_GONE,
        message: `Droid did not find the conversation ${request.providerSessionId}`,
      }
    : null;
};

/**
 * When it is told to end, by whichever signal, it sends SIGTERM to its command, lets the model speak of that, and says that
 * all is well. Only that tells it from a turn that came to its end: how a command ends by itself is told otherwise. (One
 * that sends SIGTERM to its whole process group, and behind which the model calls no other tool, is mistaken for it.) Where
 * the signal has reached the command itself, not even that is told: after an order to end, no success of its counts.
 */
const interrupted = (
  { end, isStruck }: Memory,
  { wasStopped = false }: ProcessEnd,
): TurnFailure | null => {
  if (end?.completed && !isStruck && !wasStopped) return null;
  return !isStruck
    ? withoutEnd(DROID.label)
    : {
        code: 'agent/crashed',
        message:
          'Droid ended its last command by SIGTERM, as it does when it is told to end itself',
        hint: 'Look at what it has done there, then send the prompt again to go on.',
        recoverable: true,
      };
};
