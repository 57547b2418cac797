import {
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnFailure,
  type TurnRequest,
} from '../adapter.js';
import { endingSignal, processFailure, startFailure } from '../process-failure.js';
import { CONTEXT_FULL, REFUSED, type Remedy, TOO_LONG_ANSWER } from '../remedies.js';
import { type Memory, readMemory, type ToldFailure } from './memory.js';
import { readerOf } from './permissions.js';
import { refusalToStart, remedyOf } from './remedies.js';
import { resetTime } from './reset-time.js';

const OPENCODE = { label: 'OpenCode', program: 'opencode' };
const REASON_LENGTH = 500;

/**
 * The verdict over an `opencode run`, whose end is that of its process. It rests on why the last request to a model
 * ended, the failures that were told, the exit code and stderr; what the model has said is never looked at.
 */
export const concludeRun = (
  state: ParserState,
  end: ProcessEnd,
  request: TurnRequest,
  now: Date,
): Outcome => {
  const memory = readMemory(state);
  if (memory.failure && !memory.wentOn) return failedTurn(memory.failure, now);
  const failure =
    startFailure(OPENCODE, end) ??
    notConfined(request, end) ??
    (state.providerSessionId === null ? refusal(end) : null) ??
    wentOnAfter(memory, end) ??
    processFailure(OPENCODE, end) ??
    unfinished(memory);
  return failure === null
    ? { kind: 'completed', text: state.text ?? '' }
    : { kind: 'failed', failure };
};

const failedTurn = (told: ToldFailure, now: Date): Outcome => {
  const remedy = remedyOf(told);
  const failure = failing(remedy, saying(told.message));
  return remedy.isLimit
    ? { kind: 'limited', failure, resumesAt: resetTime(told, now) }
    : { kind: 'failed', failure };
};

const saying = (reason: string): string => `OpenCode: ${reason.trim().slice(0, REASON_LENGTH)}`;

const failing = ({ code, hint, recoverable }: Remedy, message: string): TurnFailure => ({
  ...{ code, message, hint, recoverable },
});

/** Where it does not find the agent of a read-only turn, it takes another one. */
const notConfined = (request: TurnRequest, { stderrTail }: ProcessEnd): TurnFailure | null =>
  request.readOnly && stderrTail.includes(`agent "${readerOf(request)}" not found`)
    ? {
        code: 'agent/unsupported',
        message: 'OpenCode did not take the agent that only reads, and went on with another one',
        hint: 'Look at what the turn has changed there, and update OpenCode on that host: this version reads no settings from OPENCODE_CONFIG_DIR.',
        recoverable: false,
      }
    : null;

/** What it would not begin with is told on stderr, before the first event. */
const refusal = (end: ProcessEnd): TurnFailure | null => {
  if (end.exitCode === 0 || endingSignal(end) !== null) return null;
  const found = refusalToStart(end.stderrTail);
  if (found === null) return null;
  const said = found.line.trim().slice(0, REASON_LENGTH);
  return failing(found.remedy, `OpenCode did not start: ${said}`);
};

/**
 * After a prompt that was too long it makes a summary of the conversation and goes on from that, whatever becomes of
 * what it was asked; and ends with 1, as after every failure.
 */
const wentOnAfter = ({ failure, wentOn }: Memory, end: ProcessEnd): TurnFailure | null => {
  if (failure === null || !wentOn || end.exitCode === 0 || endingSignal(end) !== null) return null;
  const remedy = remedyOf(failure);
  if (remedy.code !== CONTEXT_FULL.code) return failing(remedy, saying(failure.message));
  return {
    code: CONTEXT_FULL.code,
    message: saying(failure.message),
    hint: 'It has made a summary of its conversation and gone on from that. Look at its answer; if it is not what you asked for, send the prompt again.',
    recoverable: true,
  };
};

/** Its process ended well, but the last request to a model did not end the turn. */
const unfinished = ({ reason, refused }: Memory): TurnFailure | null => {
  if (reason === 'stop') return null;
  if (reason === 'length')
    return failing(TOO_LONG_ANSWER, saying('the answer was cut off by its length'));
  if (reason === 'content-filter')
    return failing(REFUSED, saying('the answer was blocked by the provider'));
  if (refused !== null) {
    return {
      code: 'agent/permission-denied',
      message: `OpenCode: nobody was there to allow the tool ${refused}, and so it gave up`,
      hint: 'Let it use that tool in the `permission` settings of its opencode.json on that host, or ask for something else.',
      recoverable: false,
    };
  }
  return {
    code: 'agent/protocol',
    message:
      reason === null
        ? 'OpenCode exited without saying how its turn ended'
        : `OpenCode exited after a request that ended with "${reason}"`,
    hint: 'It was interrupted, or its output was cut off. Send the prompt again; if it happens again, update it on that host.',
    recoverable: true,
  };
};
