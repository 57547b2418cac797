import {
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnFailure,
  type TurnRequest,
} from '../adapter.js';
import { answered, cutOff } from '../failures/answers.js';
import { endingSignal, processFailure, startFailure } from '../failures/process-failure.js';
import { CONTEXT_FULL, REFUSED } from '../failures/remedies.js';
import { failedTurn, notStarted, toldFailure, withoutEnd } from '../failures/told-failures.js';
import { type Memory, readMemory } from './memory.js';
import { readerOf } from './permissions.js';
import { refusalToStart, remedyOf } from './remedies.js';
import { resetTime } from './reset-time.js';

const OPENCODE = { label: 'OpenCode', program: 'opencode' };

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
  const { failure: told, wentOn } = memory;
  if (told && !wentOn) {
    return failedTurn(OPENCODE.label, remedyOf(told), told.message, () => resetTime(told, now));
  }
  const failure =
    startFailure(OPENCODE, end) ??
    notConfined(request, end) ??
    (state.providerSessionId === null ? refusal(end) : null) ??
    wentOnAfter(memory, end) ??
    processFailure(OPENCODE, end) ??
    unfinished(memory);
  return failure === null
    ? answered(OPENCODE.label, state, end, request)
    : { kind: 'failed', failure };
};

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
  return notStarted(OPENCODE.label, refusalToStart(end.stderrTail));
};

/**
 * After a prompt that was too long it makes a summary of the conversation and goes on from that, whatever becomes of
 * what it was asked; and ends with 1, as after every failure.
 */
const wentOnAfter = ({ failure, wentOn }: Memory, end: ProcessEnd): TurnFailure | null => {
  if (failure === null || !wentOn || end.exitCode === 0 || endingSignal(end) !== null) return null;
  const remedy = remedyOf(failure);
  const told = toldFailure(OPENCODE.label, remedy, failure.message);
  if (remedy.code !== CONTEXT_FULL.code) return told;
  return {
    ...told,
    hint: 'It has made a summary of its conversation and gone on from that. Look at its answer; if it is not what you asked for, send the prompt again.',
    recoverable: true,
  };
};

/** Its process ended well, but the last request to a model did not end the turn. */
const unfinished = ({ reason, refused }: Memory): TurnFailure | null => {
  if (reason === 'stop') return null;
  if (reason === 'length') return cutOff(OPENCODE.label);
  if (reason === 'content-filter')
    return toldFailure(OPENCODE.label, REFUSED, 'the answer was blocked by the provider');
  if (refused !== null) {
    return {
      code: 'agent/permission-denied',
      message: `OpenCode: nobody was there to allow the tool ${refused}, and so it gave up`,
      hint: 'Let it use that tool in the `permission` settings of its opencode.json on that host, or ask for something else.',
      recoverable: false,
    };
  }
  const untold = withoutEnd(OPENCODE.label);
  return reason === null
    ? untold
    : { ...untold, message: `OpenCode exited after a request that ended with "${reason}"` };
};
