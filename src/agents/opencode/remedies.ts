import {
  BAD_ARGUMENTS,
  BILLING,
  CONTEXT_FULL,
  CONVERSATION_GONE,
  LIMITED,
  NO_SUCH_MODEL,
  OVERLOADED,
  REFUSED,
  type Remedy,
  remedyOfStatus,
  TOO_LONG_ANSWER,
  UNKNOWN,
  unreachable,
} from '../failures/remedies.js';
import { jsonOf } from '../stream/json-lines.js';
import { type ToldFailure } from './memory.js';

/** What is to be done about a turn that failed: by the name of the failure, the status, and how its words begin. */
export const remedyOf = (failure: ToldFailure): Remedy => {
  const { name, status, message } = failure;
  const code = codeOf(failure);
  return (
    BY_NAME[name] ??
    BY_CODE.find(([codes]) => codes.test(code))?.[1] ??
    BY_WORDS.find(([words]) => words.test(message))?.[1] ??
    remedyOfStatus(status, OWN) ??
    UNKNOWN
  );
};

/** What is to be done when it did not begin, by what it complained of on stderr; null when nothing is known of it. */
export const refusalToStart = (stderr: string): { line: string; remedy: Remedy } | null => {
  const plain = stderr.replace(ANSI, '');
  for (const [words, remedy, instead] of BY_COMPLAINT) {
    const line = words.exec(plain)?.[0];
    if (line !== undefined) return { line: instead ?? line, remedy };
  }
  return null;
};

const ANSI = /\p{Cc}\[[0-9;]*m/gu;

/** The provider's own names for what is wrong, in the body of the answer or of the event that broke it off. */
const codeOf = ({ body, message }: ToldFailure): string => {
  const answer = jsonOf(body) ?? jsonOf(message);
  if (typeof answer !== 'object' || answer === null) return '';
  const error = 'error' in answer ? answer.error : answer;
  if (typeof error !== 'object' || error === null) return '';
  const names = [
    'code' in error ? error.code : null,
    'type' in error ? error.type : null,
    'status' in error ? error.status : null,
  ];
  return names.filter((each) => typeof each === 'string').join(' ');
};

const SIGN_IN: Remedy = {
  code: 'agent/auth-failed',
  hint: "Sign in there with `opencode auth login`, or set the key of that provider in the session's environment.",
  recoverable: false,
};
const UNREACHABLE = unreachable("the provider's `baseURL` in its opencode.json");
const OWN = { signIn: SIGN_IN, unreachable: UNREACHABLE };
const BAD_SETTINGS: Remedy = {
  code: 'agent/unsupported',
  hint: 'Correct that file, or the opencode.json of the user or the project on that host.',
  recoverable: false,
};
const SERVER_ERROR: Remedy = {
  code: 'agent/crashed',
  hint: 'Often it knows no such model or provider: `opencode models` lists those it knows. More is in its log on that host, below ~/.local/share/opencode/log.',
  recoverable: false,
};

const BY_NAME: Partial<Record<string, Remedy>> = {
  ProviderAuthError: SIGN_IN,
  ContextOverflowError: CONTEXT_FULL,
  MessageOutputLengthError: TOO_LONG_ANSWER,
  ContentFilterError: REFUSED,
  ProviderModelNotFoundError: NO_SUCH_MODEL,
};

const BY_CODE: readonly [RegExp, Remedy][] = [
  [/\busage_limit_reached\b/, LIMITED],
  [/\b(?:insufficient_quota|billing_[a-z_]+|credits_?error)\b/i, BILLING],
  [/\b(?:rate_limit_[a-z]+|RESOURCE_EXHAUSTED|\w+UsageLimitError)\b/, LIMITED],
  [/\b(?:server_is_overloaded|overloaded_error|server_error|api_error|UNAVAILABLE)\b/, OVERLOADED],
  [/\b(?:authentication_error|invalid_api_key)\b/, SIGN_IN],
  [/\bcontext_length_exceeded\b/, CONTEXT_FULL],
];

const BY_WORDS: readonly [RegExp, Remedy][] = [
  [
    /^(?:Cannot connect to API|Unable to connect|The socket connection was closed|Connection (?:reset|closed|refused))\b/,
    UNREACHABLE,
  ],
  [/^(?:Free usage exceeded|.{0,40}\b[Uu]sage limit reached)\b/, LIMITED],
  [/^Your credit balance is too low\b/, BILLING],
  [/^(?:Model not found|ProviderModelNotFoundError)\b/, NO_SUCH_MODEL],
  [/^JSON parsing failed\b|^Provider is overloaded\b/, OVERLOADED],
  [/^Unexpected server error\b/, SERVER_ERROR],
];

/** With what is told in place of the line, where that says nothing. */
const BY_COMPLAINT: readonly [RegExp, Remedy, string?][] = [
  [/^Error: Session not found.*$/m, CONVERSATION_GONE],
  [
    /^Error: (?:File not found|Failed to change directory|You must provide a message).*$/m,
    BAD_ARGUMENTS,
  ],
  [/^Error: (?:Config(?:uration)?\b.*\b(?:invalid|not valid)\b|Invalid config).*$/im, BAD_SETTINGS],
  // Without a word on what it does not take.
  [/^opencode run \[message\.\.\]/m, BAD_ARGUMENTS, 'it printed how it is used'],
];
