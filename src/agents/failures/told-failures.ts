import { type Outcome, type TurnFailure } from '../adapter.js';
import { type Remedy } from './remedies.js';

const REASON_LENGTH = 500;

/** What a CLI says of its failure, with what is to be done about it. */
export const toldFailure = (label: string, remedy: Remedy, reason: string): TurnFailure =>
  failure(remedy, `${label}: ${reason.trim().slice(0, REASON_LENGTH)}`);

/** The end of a turn that failed as the CLI says: of a limit that resets by itself, one that waits for that. */
export const failedTurn = (
  label: string,
  remedy: Remedy,
  reason: string,
  resetsAt: () => string | null,
): Outcome => {
  const told = toldFailure(label, remedy, reason);
  return remedy.isLimit === true
    ? { kind: 'limited', failure: told, resumesAt: resetsAt() }
    : { kind: 'failed', failure: told };
};

/** What a CLI would not begin with, as it complained of it; null when nothing is known of that. */
export const notStarted = (
  label: string,
  found: { line: string; remedy: Remedy } | null,
): TurnFailure | null =>
  found &&
  failure(found.remedy, `${label} did not start: ${found.line.trim().slice(0, REASON_LENGTH)}`);

/** Its process is over, and it has not said how its turn ended. */
export const withoutEnd = (label: string): TurnFailure => ({
  code: 'agent/protocol',
  message: `${label} exited without saying how its turn ended`,
  hint: 'It was interrupted, or its output was cut off. Send the prompt again; if it happens again, update it on that host.',
  recoverable: true,
});

const failure = ({ code, hint, recoverable }: Remedy, message: string): TurnFailure => ({
  ...{ code, message, hint, recoverable },
});
