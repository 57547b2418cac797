import { type EarlierAttempt, type TurnError } from '../turn.js';
import { type StoredParserState, type TurnRow } from '../storage/turn.entity.js';
import { type TurnEnding } from './turn-ending.js';

/** Which ends of an attempt do not end its turn. */
export interface RetryPolicy {
  /** Whether a turn waits until its provider's limit resets, rather than fail. */
  resumeAfterLimit: boolean;
  /** How often it waits in a row, without getting any work done in between. */
  limitStreak: number;
  /** How often a turn is tried again when its provider was overloaded or out of reach. */
  retries: number;
  /** How long it waits the first time; twice as long each time after that. */
  firstRetryMs: number;
  /** What all attempts may take together. */
  absoluteMs: number;
}

/** What is known of an attempt at its end. */
export interface EndedAttempt {
  row: Pick<TurnRow, 'attempts' | 'earlier' | 'startedAt' | 'spentMs' | 'unreachableMs' | 'stop'>;
  parser: StoredParserState | null;
  /** Conversation that it was to go on with; null when it began one. */
  resumed: string | null;
}

/** A provider that names no time is asked again after this. */
const UNKNOWN_LIMIT_MS = 60 * 60_000;
/** Weekly limits are the longest that reset by themselves. */
const MAX_LIMIT_MS = 8 * 24 * 60 * 60_000;
/** Turns that wait for the same limit go on one after the other within this, and within a tenth of what they waited. */
const MAX_JITTER_MS = 60_000;
const MAX_RETRY_MS = 10 * 60_000;

/** What passes by itself. A limit has a state of its own; everything else is for a person to judge. */
const PASSING: readonly string[] = ['agent/overloaded', 'agent/network'];
export const CONVERSATION_LOST = 'agent/session-not-found';

/**
 * The end of an attempt, turned into a wait where its turn goes on by itself: at the reset of a limit, a while after a
 * passing fault, or at once and once only in a new conversation when the old one is gone.
 */
export const goingOn = (
  ending: TurnEnding,
  attempt: EndedAttempt,
  policy: RetryPolicy,
  chance: () => number = Math.random,
): TurnEnding => {
  const { error } = ending;
  if (!error || attempt.row.stop) return ending;
  if (ending.state === 'limited') return afterLimit(ending, error, attempt, policy, chance);
  if (ending.state !== 'failed') return ending;
  if (PASSING.includes(error.code)) return afterFault(ending, error, attempt, policy, chance);
  const mayStartAfresh =
    error.code === CONVERSATION_LOST &&
    attempt.resumed !== null &&
    !attempt.row.earlier.some(({ code }) => code === CONVERSATION_LOST);
  return mayStartAfresh
    ? { ...ending, ...carried(error, attempt, 0), state: 'queued', error: null }
    : ending;
};

const afterLimit = (
  ending: TurnEnding,
  error: TurnError,
  attempt: EndedAttempt,
  policy: RetryPolicy,
  chance: () => number,
): TurnEnding => {
  const now = Date.now();
  const named = ending.resumesAt?.getTime() ?? null;
  const told = named ?? now + UNKNOWN_LIMIT_MS;
  const streak = limitsInARow(attempt);
  const resumesMs = told > now ? told : now + backOff(policy, streak);
  const resumesAt = new Date(resumesMs);
  const at = resumesAt.toISOString();
  const givenUp = (hint: string, message = error.message): TurnEnding => ({
    ...ending,
    resumesAt: named === null ? null : resumesAt,
    state: 'failed',
    error: { ...error, message, hint },
  });
  if (!policy.resumeAfterLimit) {
    const when =
      named === null
        ? 'Its provider does not say when the limit resets: send the prompt again later.'
        : `The limit resets at ${at}: send the prompt again then.`;
    return givenUp(`${when} With limits.resumeAfterLimit the session waits for that by itself.`);
  }
  if (resumesMs - now > MAX_LIMIT_MS) {
    return givenUp(`The limit resets only at ${at}: use another account or model until then.`);
  }
  if (streak >= policy.limitStreak) {
    return givenUp(
      'Look at the plan of the account, or use another account or model. limits.limitStreak says how often a turn waits.',
      `${error.message} (after ${streak} waits in a row for the limit to reset)`,
    );
  }
  const going = carried(error, attempt, 0);
  if (going.spentMs >= policy.absoluteMs) {
    return givenUp('It had used up its time when it came to that: raise limits.absoluteMs.');
  }
  const jitterMs = chance() * Math.min(MAX_JITTER_MS, (resumesMs - now) / 10);
  return {
    ...ending,
    ...going,
    resumesAt,
    retryAt: new Date(resumesMs + jitterMs),
  };
};

const afterFault = (
  ending: TurnEnding,
  error: TurnError,
  attempt: EndedAttempt,
  policy: RetryPolicy,
  chance: () => number,
): TurnEnding => {
  const faults = attempt.row.earlier.filter(({ code }) => PASSING.includes(code)).length;
  const waitMs = Math.round(backOff(policy, faults) * (1 + chance() / 4));
  const going = carried(error, attempt, waitMs);
  if (faults >= policy.retries || going.spentMs >= policy.absoluteMs) {
    const message = faults === 0 ? error.message : `${error.message} (${faults + 1} attempts)`;
    return { ...ending, error: { ...error, message } };
  }
  const { code, message, hint } = error;
  return {
    ...ending,
    ...going,
    state: 'queued',
    error: null,
    retryAt: new Date(Date.now() + waitMs),
    waiting: {
      code,
      message,
      ...(hint !== undefined && { hint }),
      since: new Date().toISOString(),
    },
  };
};

const backOff = ({ firstRetryMs }: RetryPolicy, times: number): number =>
  Math.min(firstRetryMs * 2 ** times, Math.max(MAX_RETRY_MS, firstRetryMs));

/** Waits for a limit before this one, since work was last done: by this attempt, or by one before a wait. */
const limitsInARow = ({ row: { earlier }, parser }: EndedAttempt): number => {
  if (parser?.worked) return 0;
  const lastWorked = earlier.findLastIndex(({ worked }) => worked);
  const since = earlier.slice(Math.max(lastWorked, 0));
  return since.filter(({ code }) => code === 'agent/limit').length;
};

/** The attempt as it is kept with its turn, and the time of the absolute limit that is used up with the wait after it. */
const carried = (
  error: TurnError,
  { row, parser, resumed }: EndedAttempt,
  waitMs: number,
): { earlier: EarlierAttempt[]; spentMs: number } => {
  const { attempts: attempt, earlier, startedAt, spentMs, unreachableMs } = row;
  const now = Date.now();
  const ranMs = startedAt ? Math.max(0, now - startedAt.getTime() - unreachableMs) : 0;
  const { code, message } = error;
  const endedAt = new Date(now).toISOString();
  // What cannot be opened may be told by another name.
  const providerSessionId =
    (code === CONVERSATION_LOST ? null : parser?.providerSessionId) ?? resumed;
  const worked = parser?.worked ?? false;
  return {
    earlier: [...earlier, { attempt, code, message, endedAt, worked, providerSessionId }],
    spentMs: spentMs + ranMs + waitMs,
  };
};
