import {
  BAD_ARGUMENTS,
  CONTEXT_FULL,
  CONVERSATION_GONE,
  LIMITED,
  NO_SUCH_MODEL,
  OVERLOADED,
  REFUSED,
  type Remedy,
  TOO_LONG_ANSWER,
  UNKNOWN,
  unreachable,
} from '../failures/remedies.js';
import { type ApiError } from './api-error.js';

/** What is to be done about a turn that failed, by the answer of the provider, else by the beginning of the words. */
export const remedyOf = ({ status, message, reasons }: ApiError): Remedy => {
  if (reasons.includes('API_KEY_INVALID')) return SIGN_IN;
  const byWords = BY_WORDS.find(([words]) => words.test(message))?.[1];
  return byWords ?? (status === null ? UNKNOWN : byHttpStatus(status));
};

/** What is to be done when it did not begin, by its exit code and what it complained of on stderr; null when unknown. */
export const refusalToStart = (
  exitCode: number,
  stderr: string,
): { line: string; remedy: Remedy } | null => {
  for (const [code, words, remedy] of BY_COMPLAINT) {
    const line = code === exitCode ? words.exec(stderr)?.[0] : undefined;
    if (line !== undefined) return { line, remedy };
  }
  return null;
};

const byHttpStatus = (status: number): Remedy => {
  if (status === 401 || status === 403) return SIGN_IN;
  if (status === 404) return NO_SUCH_MODEL;
  if (status === 429) return LIMITED;
  return status >= 500 ? OVERLOADED : UNKNOWN;
};

const SIGN_IN: Remedy = {
  code: 'agent/auth-failed',
  hint: "Sign in there by starting `gemini` once in a terminal, or set GEMINI_API_KEY in the session's environment.",
  recoverable: false,
};
const CHOOSE_ACCOUNT: Remedy = {
  code: 'agent/auth-failed',
  hint: "Sign in there by starting `gemini` once in a terminal, which writes the choice to ~/.gemini/settings.json, or set GEMINI_API_KEY in the session's environment. With GOOGLE_GEMINI_BASE_URL both are needed.",
  recoverable: false,
};
const NOT_TRUSTED: Remedy = {
  code: 'agent/permission-denied',
  hint: 'The environment of the session, or of that host, keeps it from trusting the folder: remove GEMINI_RESTRICTED_MODE and GEMINI_CLI_TRUST_WORKSPACE from it.',
  recoverable: false,
};
const BAD_SETTINGS: Remedy = {
  code: 'agent/unsupported',
  hint: 'Correct ~/.gemini/settings.json on that host, or .gemini/settings.json in the project.',
  recoverable: false,
};

const UNREACHABLE = unreachable('GOOGLE_GEMINI_BASE_URL');

const BY_WORDS: readonly [RegExp, Remedy][] = [
  [/^API key (?:not valid|expired|not found)\b/, SIGN_IN],
  [/^The input token count \(?\d+\)? exceeds the maximum\b/, CONTEXT_FULL],
  [/^(?:exception )?(?:TypeError: )?fetch failed\b/, UNREACHABLE],
  [/^You have exhausted your\b/, LIMITED],
  [/^Model response was truncated because it exceeded the token limit\b/, TOO_LONG_ANSWER],
  [/^The model response was blocked due to\b/, REFUSED],
  [/^The model returned (?:an empty response|reasoning thoughts)\b/, OVERLOADED],
  [/^Model stream ended\b/, OVERLOADED],
];

const BY_COMPLAINT: readonly [number, RegExp, Remedy][] = [
  [41, /^(?:Please set an Auth method|Invalid auth method).*$/m, CHOOSE_ACCOUNT],
  [41, /^(?!Warning: |Ripgrep |YOLO |\[STARTUP\]).*\S.*$/m, SIGN_IN],
  [
    42,
    /^Error resuming session: (?:Invalid session identifier|No previous sessions found).*$/m,
    CONVERSATION_GONE,
  ],
  [42, /^No input provided via stdin.*$/m, BAD_ARGUMENTS],
  [52, /^(?!Warning: |Ripgrep |YOLO |\[STARTUP\]).*\S.*$/m, BAD_SETTINGS],
  [55, /Gemini CLI is not running in a trusted directory\./, NOT_TRUSTED],
  [
    1,
    /^(?:Unknown arguments?: |Invalid values:|Not enough arguments following: ).*$/m,
    BAD_ARGUMENTS,
  ],
];
