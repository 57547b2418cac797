import { resetTime as claudeReset } from '../claude-code/reset-time.js';
import { resetTime as codexReset } from '../codex/reset-time.js';
import { resetTime as geminiReset } from '../gemini-cli/reset-time.js';
import {
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
import { type ToldError } from './api-error.js';
import { ASK, type Asked, AUTH_REQUIRED, NO_SUCH_METHOD, NOT_FOUND } from './protocol.js';

/** What is to be done about a request that was refused. */
export const remedyOf = (
  { asked, code }: { asked: Asked; code: number },
  told: ToldError,
  signIn: string | null,
): Remedy => {
  if (code === AUTH_REQUIRED) return signInBy(signIn);
  // Whatever it says of it: there is nothing else that it was to do.
  if (asked === ASK.load || asked === ASK.resume || code === NOT_FOUND) return CONVERSATION_GONE;
  if (asked === ASK.setModel || asked === ASK.setMode || asked === ASK.setOption) return NOT_SET;
  if (code === NO_SUCH_METHOD) return NO_AGENT;
  return remedyFor(told, signIn);
};

/** What is to be done about a turn that failed, by what is told of the error. */
export const remedyFor = ({ kind, status, message }: ToldError, signIn: string | null): Remedy => {
  const byKind = kind === null ? undefined : BY_KIND.find(([kinds]) => kinds.test(kind))?.[1];
  const byWords = BY_WORDS.find(([words]) => words.test(message))?.[1];
  // The same status stands for many faults.
  const found =
    byKind ??
    (status === null || status === 400 ? byWords : undefined) ??
    remedyOfStatus(status, OWN);
  const remedy = found ?? byWords ?? UNKNOWN;
  return remedy === SIGN_IN ? signInBy(signIn) : remedy;
};

/** When a limit resets, in the words of whichever CLI speaks; RFC 3339, or null. */
export const resetTime = (notice: string, now: Date): string | null =>
  geminiReset(notice, now) ?? codexReset(notice, now) ?? minuteOver(claudeReset(notice, now));

/** A time of the clock has lost its seconds: it is over when its minute is. */
const minuteOver = (instant: string | null): string | null =>
  instant?.endsWith(':00.000Z') === true
    ? new Date(Date.parse(instant) + 60_000).toISOString()
    : instant;

const SIGN_IN: Remedy = {
  code: 'agent/auth-failed',
  hint: "Sign in there with the agent's own command, or set its key in the session's environment.",
  recoverable: false,
};
/** @param words what the agent itself has told of how to sign in */
const signInBy = (words: string | null): Remedy =>
  words === null ? SIGN_IN : { ...SIGN_IN, hint: `${SIGN_IN.hint} It offers: ${words}.` };

const NOT_SET: Remedy = {
  code: 'agent/unsupported',
  hint: 'Leave out the setting, or choose another value that the agent offers.',
  recoverable: false,
};
const NO_AGENT: Remedy = {
  code: 'agent/unsupported',
  hint: 'Check the arguments of the session: the program must speak the Agent Client Protocol as an agent.',
  recoverable: false,
};
const UNREACHABLE = unreachable("the address of the provider in the agent's settings");
const OWN = { signIn: SIGN_IN, unreachable: UNREACHABLE };

const BY_KIND: readonly [RegExp, Remedy][] = [
  [/^(?:authentication_failed|authentication_error|unauthorized|invalid_api_key)$/, SIGN_IN],
  [/^(?:permission_error|oauth_org_not_allowed)$/, SIGN_IN],
  [/^(?:billing_error|insufficient_quota)$/, BILLING],
  [/^(?:rate_limit|rate_limit_error|rate_limit_exceeded|usage_limit_exceeded)$/, LIMITED],
  [/^(?:context_window_exceeded|context_length_exceeded|prompt_too_long)$/, CONTEXT_FULL],
  [/^ContextOverflowError$/, CONTEXT_FULL],
  [/^(?:overloaded|overloaded_error|server_error|server_overloaded|api_error)$/, OVERLOADED],
  [/^(?:internal_server_error|server_is_overloaded)$/, OVERLOADED],
  [/^(?:model_not_found|not_found_error)$/, NO_SUCH_MODEL],
  [/^max_output_tokens$/, TOO_LONG_ANSWER],
  [/^(?:http_connection_failed|response_stream_\w+|connection_failed)$/, UNREACHABLE],
];

const BY_WORDS: readonly [RegExp, Remedy][] = [
  [
    /\bcontext (?:window|length)\b|\bprompt (?:is|as) too long\b|\binput token count\b/i,
    CONTEXT_FULL,
  ],
  [/\bat capacity\b|\boverloaded\b/i, OVERLOADED],
  [/\b(?:usage|rate) limit\b|\btoo many requests\b|\bexhausted your\b/i, LIMITED],
  [
    /\b(?:api|x-api)[ -]key\b|\bcredentials?\b|\bunauthorized\b|\bnot (?:logged|signed) in\b/i,
    SIGN_IN,
  ],
  [
    /\bfetch failed\b|\b(?:ECONN\w+|ENOTFOUND|ETIMEDOUT|EAI_AGAIN)\b|\bconnection (?:error|refused)\b/i,
    UNREACHABLE,
  ],
];

/** How a turn ended that the agent calls over; undefined when it has gone well. */
export const BY_STOP_REASON: Partial<Record<string, Remedy & { message: string }>> = {
  max_tokens: { ...TOO_LONG_ANSWER, message: 'its answer was cut off by the limit of the model' },
  max_turn_requests: {
    code: 'agent/limit',
    message: 'it has asked its model as often as one turn may',
    hint: 'Ask it to go on in another turn.',
    recoverable: true,
  },
  refusal: { ...REFUSED, message: 'it refused to go on' },
};
