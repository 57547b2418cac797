import {
  BAD_ARGUMENTS,
  BILLING,
  CONTEXT_FULL,
  knownComplaint,
  LIMITED,
  NO_SUCH_MODEL,
  OVERLOADED,
  REFUSED,
  type Remedy,
  TOO_LONG_ANSWER,
  UNKNOWN,
  unreachable,
} from '../failures/remedies.js';

/**
 * What is to be done about a turn that failed, by the words of the CLI. It gives no codes; but each of its own
 * messages begins the same way, and only the beginning is looked at: a provider may say anything behind it.
 */
export const remedyOf = (reason: string): Remedy => {
  // Of an answer that broke off it tells the fact first, and then the cause.
  const cause = reason.replace(/^stream disconnected before completion: (?=\S)/, '');
  const status = STATUS.exec(cause)?.[1];
  const byStatus = status === undefined ? undefined : byHttpStatus(Number(status));
  const byWords = BY_WORDS.find(([words]) => words.test(cause))?.[1];
  return byStatus ?? byWords ?? (cause === reason ? UNKNOWN : UNREACHABLE);
};

/** What is to be done when it did not begin, by what it complained of on stderr; null when nothing is known of it. */
export const refusalToStart = (stderr: string): ReturnType<typeof knownComplaint> =>
  knownComplaint(stderr, BY_COMPLAINT);

const STATUS = /^(?:unexpected status|exceeded retry limit, last status:) (\d{3})\b/;

const byHttpStatus = (status: number): Remedy | undefined => {
  if (status === 401 || status === 403) return SIGN_IN;
  if (status === 402) return BILLING;
  if (status === 408) return UNREACHABLE;
  if (status === 429) return LIMITED;
  return status >= 500 ? OVERLOADED : undefined;
};

const SIGN_IN: Remedy = {
  code: 'agent/auth-failed',
  hint: "Sign in there with `codex login` (`codex login --device-auth` where there is no browser), or set CODEX_API_KEY in the session's environment.",
  recoverable: false,
};
const MISSING_KEY: Remedy = {
  code: 'agent/auth-failed',
  hint: "The model provider in its config.toml takes the key from that variable: set it in the session's environment, or sign in with `codex login` for the provider of OpenAI.",
  recoverable: false,
};

const UNREACHABLE = unreachable('the base_url in its config.toml');

const BY_WORDS: readonly [RegExp, Remedy][] = [
  [/^You.ve hit your usage limit/, LIMITED],
  [/^Rate limit reached\b/, LIMITED],
  [/^Quota exceeded\b|^To use Codex with your ChatGPT plan\b/, BILLING],
  [/^Missing environment variable: /, MISSING_KEY],
  [/^Your (?:access token|authentication session) could not be refreshed\b/, SIGN_IN],
  [/^Not logged in\b/, SIGN_IN],
  [/^Codex ran out of room in the model's context window\b/, CONTEXT_FULL],
  [/^Selected model is at capacity\b|^(?:Flex|Policy-restricted) capacity\b/, OVERLOADED],
  [/^We.re currently experiencing high demand\b/, OVERLOADED],
  [/^Incomplete response returned, reason: max_output_tokens\b/, TOO_LONG_ANSWER],
  [/^Incomplete response returned, reason: content_filter\b/, REFUSED],
  [/^Connection failed\b|^(?:request|connection) timed out\b/i, UNREACHABLE],
  [
    /^The (?:model )?[`'"][^`'"]+[`'"] (?:model )?(?:does not exist|is not supported)\b/,
    NO_SUCH_MODEL,
  ],
];

const BY_COMPLAINT: readonly [RegExp, Remedy][] = [
  [
    /^Error: thread\/resume: .*\b(?:no rollout found for thread id|thread not found)\b.*$/m,
    {
      code: 'agent/session-not-found',
      hint: 'The conversation is not on that host. Send the turn with a fresh conversation.',
      recoverable: false,
    },
  ],
  [
    /^Error: thread\/resume: .*\balready has an active writer\b.*$/m,
    {
      code: 'agent/crashed',
      hint: 'Another Codex on that host is at work in the same conversation. Wait until it has ended, then send the prompt again.',
      recoverable: true,
    },
  ],
  [
    /^Error loading config\.toml: ?(?:\n.*)?/m,
    {
      code: 'agent/unsupported',
      hint: "Correct config.toml on that host, or the settings in the session's arguments.",
      recoverable: false,
    },
  ],
  [
    /^error: (?:unexpected argument|invalid value|the argument|a value is required|unrecognized).*$/m,
    BAD_ARGUMENTS,
  ],
];
