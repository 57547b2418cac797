import {
  BAD_ARGUMENTS,
  CONTEXT_FULL,
  CONVERSATION_GONE,
  knownComplaint,
  LIMITED,
  OVERLOADED,
  type Remedy,
  remedyOfStatus,
  UNKNOWN,
  unreachable,
} from '../failures/remedies.js';
import { type ApiError } from './api-error.js';

/** What is to be done about a turn that failed, by the beginning of the words, else by the answer of the provider. */
export const remedyOf = ({ status, message }: ApiError): Remedy => {
  const byWords = BY_WORDS.find(([words]) => words.test(message))?.[1];
  if (byWords) return byWords;
  if (status === null) return UNKNOWN;
  // The same 400 stands for many faults.
  if (status === 400 && TOO_LONG.test(message)) return CONTEXT_FULL;
  return remedyOfStatus(status, OWN) ?? UNKNOWN;
};

/** What is to be done when it did not begin, by what it complained of on stderr; null when nothing is known of it. */
export const refusalToStart = (stderr: string): ReturnType<typeof knownComplaint> =>
  knownComplaint(stderr, BY_COMPLAINT);

const SIGN_IN: Remedy = {
  code: 'agent/auth-failed',
  hint: "Sign in there with `qwen auth`, or set OPENAI_API_KEY, and OPENAI_BASE_URL for a provider of your own, in the session's environment.",
  recoverable: false,
};
const CHOOSE_ACCOUNT: Remedy = {
  code: 'agent/auth-failed',
  hint: 'Sign in there with `qwen auth`, which writes the choice to ~/.qwen/settings.json; or give the session the argument --auth-type=openai and set OPENAI_API_KEY in its environment.',
  recoverable: false,
};
const ENDED_PLAN: Remedy = {
  code: 'agent/auth-failed',
  hint: 'That way to sign in has been given up by its provider. Choose another one there with `qwen auth`.',
  recoverable: false,
};
const OWN_LIMIT: Remedy = {
  code: 'agent/limit',
  hint: "Raise or remove the limit of turns in the session's arguments (--max-session-turns).",
  recoverable: false,
};

const UNREACHABLE = unreachable('OPENAI_BASE_URL');
const OWN = { signIn: SIGN_IN, unreachable: UNREACHABLE };

/** As providers of the wire of OpenAI say it. */
const TOO_LONG =
  /\b(?:exceeds the context window|maximum context length|context_length_exceeded|input length should be|prompt is too long|too many tokens)\b/i;

const BY_WORDS: readonly [RegExp, Remedy][] = [
  [/^No auth type is selected\b/, CHOOSE_ACCOUNT],
  [
    /^Missing (?:API key|OPENAI_API_KEY)\b|^(?:OpenAI )?API key (?:is missing|not found)\b/i,
    SIGN_IN,
  ],
  [/^Qwen OAuth quota exceeded:/, LIMITED],
  [/^Qwen OAuth free tier has been discontinued\b/, ENDED_PLAN],
  [/^Connection error\.|^Request timed out\b|^(?:fetch failed|terminated)\b/, UNREACHABLE],
  [/^Expected .* in JSON at position\b|^Unexpected (?:token|end of JSON)\b/, UNREACHABLE],
  [/^Model stream ended with/, OVERLOADED],
  [/^Overloaded$/, OVERLOADED],
  [/^Reached max session turns\b/, OWN_LIMIT],
];

const BY_COMPLAINT: readonly [RegExp, Remedy][] = [
  [/^No saved session found with (?:ID|title) .*$/m, CONVERSATION_GONE],
  [/^(?:Unknown arguments?: |Invalid values:|Not enough arguments following: ).*$/m, BAD_ARGUMENTS],
  [/^No input provided via stdin.*$/m, BAD_ARGUMENTS],
];
