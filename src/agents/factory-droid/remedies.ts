import {
  BAD_ARGUMENTS,
  BILLING,
  CONTEXT_FULL,
  knownComplaint,
  LIMITED,
  NO_SUCH_MODEL,
  OVERLOADED,
  type Remedy,
  remedyOfStatus,
  UNKNOWN,
  unreachable,
} from '../failures/remedies.js';

/** What is to be done about a turn that failed: by the status that the CLI's words begin with, or by how they begin. */
export const remedyOf = (reason: string): Remedy => {
  const status = /^(\d{3})\b/.exec(reason)?.[1];
  const words = reason.replace(/^\d{3} (?:status code )?/, '');
  return (
    BY_WORDS.find(([known]) => known.test(words))?.[1] ??
    (status === undefined ? UNKNOWN : (remedyOfStatus(Number(status), OWN) ?? UNKNOWN))
  );
};

/** What is to be done when it did not begin, by what it complained of on stderr; null when nothing is known of it. */
export const refusalToStart = (stderr: string): ReturnType<typeof knownComplaint> =>
  knownComplaint(stderr, BY_COMPLAINT);

const SIGN_IN: Remedy = {
  code: 'agent/auth-failed',
  hint: "Sign in there by starting `droid` once in a terminal, or set FACTORY_API_KEY in the session's environment; of a model of your own, correct its apiKey in ~/.factory/settings.json.",
  recoverable: false,
};
const NOT_ALLOWED: Remedy = {
  code: 'agent/permission-denied',
  hint: 'Ask for something else, or let the session do more: `--skip-permissions-unsafe` in its arguments allows everything, and `--auto` less than it has without.',
  recoverable: false,
};

const UNREACHABLE = unreachable("the model's baseUrl in ~/.factory/settings.json");
const OWN = { signIn: SIGN_IN, unreachable: UNREACHABLE };

const BY_WORDS: readonly [RegExp, Remedy][] = [
  [/^Your input exceeds the context window\b|^prompt is too long\b/i, CONTEXT_FULL],
  [/^This model's maximum context length is\b|^context_length_exceeded\b/, CONTEXT_FULL],
  [/^You exceeded your current quota\b|^Your credit balance is too low\b/, BILLING],
  [/^Overloaded\b/, OVERLOADED],
  [/^(?:Rate limit|Too many requests|The usage limit)\b/i, LIMITED],
  [
    /^(?:The socket connection was closed|Unable to connect|Connection error|Request timed out)\b/,
    UNREACHABLE,
  ],
  [/^Exec ended early: insufficient permission\b/, NOT_ALLOWED],
  [/^Airgap Mode is enabled\. Model\b/, NO_SUCH_MODEL],
  [/^(?:Authentication failed|Invalid API key|Unauthorized|Not authenticated)\b/i, SIGN_IN],
];

const BY_COMPLAINT: readonly [RegExp, Remedy][] = [
  [/^Invalid model: .*$/m, NO_SUCH_MODEL],
  [/^.*\b(?:Authentication failed|Please log in|FACTORY_API_KEY)\b.*$/m, SIGN_IN],
  [/^error: .*\b(?:option|argument)\b.*$/m, BAD_ARGUMENTS],
  [/^(?:Invalid enum value|Unknown tool|Invalid tool)\b.*$/m, BAD_ARGUMENTS],
];
