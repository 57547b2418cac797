import {
  BAD_ARGUMENTS,
  BILLING,
  CONTEXT_FULL,
  knownComplaint,
  LIMITED,
  OVERLOADED,
  type Remedy,
  remedyOfStatus,
  UNKNOWN,
  unreachable,
} from '../failures/remedies.js';
import { type SessionError } from './memory.js';

/**
 * What is to be done about a turn that failed: by the kind that the CLI names and the status of the provider's answer,
 * else by the CLI's own words, which begin the message, or stand behind a count of what it has tried.
 */
export const remedyOf = ({ type, code, status, message }: SessionError): Remedy => {
  const byType = type === null ? undefined : BY_TYPE[type];
  if (byType) return byType === LIMITED && NO_PLAN.test(code ?? '') ? BILLING : byType;
  if (status !== null) return remedyOfStatus(status, OWN) ?? UNKNOWN;
  const cause = message.replace(TRIED, '');
  return BY_WORDS.find(([words]) => words.test(cause))?.[1] ?? UNKNOWN;
};

/** What is to be done when it did not begin, by what it complained of on stderr; null when nothing is known of it. */
export const refusalToStart = (stderr: string): ReturnType<typeof knownComplaint> =>
  knownComplaint(stderr, BY_COMPLAINT);

const TRIED = /^Failed to get response from the AI model; (?:.*? )?Last error: /;

const SIGN_IN: Remedy = {
  code: 'agent/auth-failed',
  hint: "Sign in there with `copilot login`, or set COPILOT_GITHUB_TOKEN in the session's environment; for a provider of your own, set COPILOT_PROVIDER_API_KEY.",
  recoverable: false,
};
const NO_PROVIDER: Remedy = {
  code: 'agent/auth-failed',
  hint: "Offline it needs a provider of your own: set COPILOT_PROVIDER_BASE_URL in the session's environment. Otherwise remove COPILOT_OFFLINE and sign in with `copilot login`.",
  recoverable: false,
};
const CONVERSATION_GONE: Remedy = {
  code: 'agent/session-not-found',
  hint: 'The conversation is not on that host. Send the turn with a fresh conversation.',
  recoverable: false,
};

const UNREACHABLE = unreachable('COPILOT_PROVIDER_BASE_URL');
const OWN = { signIn: SIGN_IN, unreachable: UNREACHABLE };

const BY_TYPE: Partial<Record<string, Remedy>> = {
  authentication: SIGN_IN,
  authorization: SIGN_IN,
  rate_limit: LIMITED,
  quota: LIMITED,
  context_limit: CONTEXT_FULL,
};
const NO_PLAN = /^billing_/;

const BY_WORDS: readonly [RegExp, Remedy][] = [
  [/^The provider rejected the prompt as too long\b/, CONTEXT_FULL],
  [/^Could not connect to\b/, UNREACHABLE],
  [/^Failed native model HTTP request: /, UNREACHABLE],
  [/^Failed to parse \S+ stream chunk: /, UNREACHABLE],
  [/^No response was returned\./, OVERLOADED],
  [/^Overloaded$/, OVERLOADED],
];

const BY_COMPLAINT: readonly [RegExp, Remedy][] = [
  [/^Error: No session(?:, task, or name|(?: or task)?) matched .*$/m, CONVERSATION_GONE],
  [/^Error: No authentication information found\..*$/m, SIGN_IN],
  [/^Offline mode requires a local model provider\..*$/m, NO_PROVIDER],
  [
    /^error: (?:unexpected argument|invalid value|the argument|a value is required|Invalid command format|unrecognized).*$/m,
    BAD_ARGUMENTS,
  ],
];
