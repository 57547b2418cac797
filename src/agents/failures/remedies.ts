import { type TurnFailure } from '../adapter.js';

/** What an adapter says of a failure before it is told in the CLI's own words. */
export interface Remedy extends Omit<TurnFailure, 'message'> {
  hint: string;
  /** A provider's limit that resets by itself: the turn waits for it. */
  isLimit?: boolean;
}

export const LIMITED: Remedy = {
  code: 'agent/limit',
  hint: 'Wait until the limit resets, or use another account or model.',
  recoverable: true,
  isLimit: true,
};
/** A limit that does not reset by itself. */
export const BILLING: Remedy = {
  code: 'agent/limit',
  hint: "The provider wants the account's plan or billing settled before it answers again.",
  recoverable: false,
};
export const TOO_LONG_ANSWER: Remedy = {
  code: 'agent/limit',
  hint: 'The answer reached the limit of the model: ask for a shorter one, or for smaller steps.',
  recoverable: true,
};
export const OVERLOADED: Remedy = {
  code: 'agent/overloaded',
  hint: "The provider's service is overloaded or faulty; the same turn usually works a little later.",
  recoverable: true,
};
export const CONTEXT_FULL: Remedy = {
  code: 'agent/context-full',
  hint: 'Start a fresh conversation for the next turn, or shorten the prompt.',
  recoverable: false,
};
export const REFUSED: Remedy = {
  code: 'agent/permission-denied',
  hint: "The provider's safeguards refused the request. Rephrase the prompt, or use another model.",
  recoverable: false,
};
export const NO_SUCH_MODEL: Remedy = {
  code: 'agent/unsupported',
  hint: 'Choose a model that this account may use.',
  recoverable: false,
};
export const BAD_ARGUMENTS: Remedy = {
  code: 'agent/unsupported',
  hint: "Correct the session's arguments, or update the CLI on its host: this version does not take them.",
  recoverable: false,
};
/** For CLIs whose conversations belong to the directory in which they were begun. */
export const CONVERSATION_GONE: Remedy = {
  code: 'agent/session-not-found',
  hint: 'The conversation is not on that host, or belongs to another directory. Send the turn with a fresh conversation.',
  recoverable: false,
};
export const UNKNOWN: Remedy = {
  code: 'agent/crashed',
  hint: 'Run the same prompt by hand on that host to see more, and keep the CLI there up to date.',
  recoverable: true,
};

/** @param setting where the CLI takes the provider's address from, for example `ANTHROPIC_BASE_URL` */
export const unreachable = (setting: string): Remedy => ({
  code: 'agent/network',
  hint: `Check that the session's host reaches the provider: its network, its proxy settings and ${setting}.`,
  recoverable: true,
});

/**
 * What is to be done about a status of the provider's API; undefined for one that stands for many faults.
 *
 * @param own what depends on the CLI: how to sign in, and where it takes the provider's address from
 */
export const remedyOfStatus = (
  status: number | null,
  own: { signIn: Remedy; unreachable: Remedy },
): Remedy | undefined => {
  if (status === null) return undefined;
  if (status === 401 || status === 403) return own.signIn;
  if (status === 402) return BILLING;
  if (status === 404) return NO_SUCH_MODEL;
  if (status === 408) return own.unreachable;
  if (status === 413) return CONTEXT_FULL;
  if (status === 429) return LIMITED;
  return status >= 500 ? OVERLOADED : undefined;
};

/** What a CLI complained of that would not begin, by the first of the known complaints; null when it is none of them. */
export const knownComplaint = (
  stderr: string,
  complaints: readonly (readonly [RegExp, Remedy])[],
): { line: string; remedy: Remedy } | null => {
  for (const [words, remedy] of complaints) {
    const line = words.exec(stderr)?.[0];
    if (line !== undefined) return { line, remedy };
  }
  return null;
};
