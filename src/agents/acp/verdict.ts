import { basename } from 'node:path/posix';
import {
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnFailure,
  type TurnRequest,
} from '../adapter.js';
import { answered } from '../failures/answers.js';
import { processFailure } from '../failures/process-failure.js';
import { type Remedy, UNKNOWN } from '../failures/remedies.js';
import { toldError } from './api-error.js';
import { type Ending, type Memory, readMemory } from './memory.js';
import { isReason } from './notices.js';
import { ASK } from './protocol.js';
import { BY_STOP_REASON, remedyFor, remedyOf, resetTime } from './remedies.js';

const REASON_LENGTH = 500;

/**
 * The verdict over a turn: by the answer that the agent has given to the prompt, by what it has refused, else by how its
 * process ended. How that ends once the prompt is answered says nothing: some agents must be ended, which the host does.
 * But one that was told to end may call its turn over with half an answer.
 */
export const concludeTurn = (
  state: ParserState,
  end: ProcessEnd,
  request: Pick<TurnRequest, 'command' | 'prompt'>,
  now: Date,
): Outcome => {
  const memory = readMemory(state);
  const program = basename(request.command ?? '');
  const label = `ACP agent ${memory.label ?? program}`.trim();
  const isCutOff = memory.end?.kind === 'answered' && end.wasStopped === true;
  if (memory.end !== null && !isCutOff) {
    const outcome = judged(state, memory, memory.end, label, now);
    return outcome.kind === 'completed' ? answered(label, state, end, request) : outcome;
  }
  const failure = processFailure({ label, program }, end) ?? unfinished(label, memory);
  return { kind: 'failed', failure };
};

const judged = (
  state: ParserState,
  memory: Memory,
  end: Ending,
  label: string,
  now: Date,
): Outcome => {
  switch (end.kind) {
    case 'answered':
      return stopped(state, memory, end.stopReason, label, now);
    case 'stopped':
      return {
        kind: 'failed',
        failure: {
          ...{ code: end.code, hint: end.hint, recoverable: end.code === 'agent/protocol' },
          message: `${label} was not asked: ${end.message}`,
        },
      };
    case 'error': {
      const told = toldError(end.code, end.message, end.data);
      const remedy = remedyOf(end, told, memory.signIn);
      const what = end.asked === ASK.prompt ? '' : ` (${memory.settings[0]?.what ?? end.asked})`;
      const notice = `${end.message} ${JSON.stringify(end.data ?? null)}`;
      return failed(remedy, `${label}${what}: ${told.message}`, notice, now);
    }
  }
};

const stopped = (
  state: ParserState,
  memory: Memory,
  stopReason: string,
  label: string,
  now: Date,
): Outcome => {
  if (stopReason === 'cancelled' || memory.gaveUp) {
    return { kind: 'failed', failure: cancelled(label, memory) };
  }
  const stop = BY_STOP_REASON[stopReason];
  if (stop !== undefined) return failed(stop, `${label}: ${stop.message}`, '', now);
  const { isFaulty, notice, signIn } = memory;
  if (notice !== null && isReason(memory, state.usage)) {
    const told = toldError(0, notice, null);
    return failed(remedyFor(told, signIn), `${label}: ${told.message}`, notice, now);
  }
  return isFaulty
    ? failed(UNKNOWN, `${label} says that its turn has failed, and not why`, '', now)
    : { kind: 'completed', text: state.text ?? '' };
};

const failed = (
  { code, hint, recoverable, isLimit }: Remedy,
  message: string,
  notice: string,
  now: Date,
): Outcome => {
  const failure: TurnFailure = {
    ...{ code, hint, recoverable },
    message: message.trim().slice(0, REASON_LENGTH),
  };
  return isLimit
    ? { kind: 'limited', failure, resumesAt: resetTime(notice, now) }
    : { kind: 'failed', failure };
};

const cancelled = (label: string, { wasRefused }: Memory): TurnFailure =>
  wasRefused
    ? {
        code: 'agent/permission-denied',
        message: `${label} gave up when it was not allowed to write`,
        hint: 'Send the turn as a writing one, or ask for something that needs no writing.',
        recoverable: false,
      }
    : {
        code: 'agent/crashed',
        message: `${label} cancelled its turn by itself`,
        hint: 'It was interrupted on its host. Send the prompt again to go on.',
        recoverable: true,
      };

const unfinished = (label: string, { awaiting }: Memory): TurnFailure =>
  awaiting?.asked === ASK.initialize
    ? {
        code: 'agent/protocol',
        message: `${label} ended without a word of the Agent Client Protocol`,
        hint: 'Give the session the arguments with which it speaks that on its standard input and output, for example ["--acp"].',
        recoverable: false,
      }
    : {
        code: 'agent/protocol',
        message: `${label} exited without finishing its turn`,
        hint: 'It was interrupted, or its output was cut off. Send the prompt again; if it happens again, update it on that host.',
        recoverable: true,
      };
