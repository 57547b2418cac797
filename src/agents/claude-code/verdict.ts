import {
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnFailure,
  type TurnRequest,
} from '../adapter.js';
import { answered } from '../failures/answers.js';
import { processFailure } from '../failures/process-failure.js';
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
import { type Memory, readMemory, type StoredResult } from './memory.js';
import { resetTime } from './reset-time.js';

interface StreamAgent {
  label: string;
  program: string;
  /** What to do when the provider does not accept the credentials. */
  signIn: string;
}

/**
 * The verdict over a process that spoke stream-json. It rests on the result event, the kind of error that the
 * CLI itself names, the exit code and stderr; what the model has said is never looked at.
 */
export const concludeStream = (
  agent: StreamAgent,
  state: ParserState,
  end: ProcessEnd,
  request: TurnRequest,
  now: Date,
): Outcome => {
  const memory = readMemory(state);
  const { result } = memory;
  if (result !== null && !result.success) return failedResult(agent, memory, result, now);
  const failure = rejectedArguments(agent, end) ?? processFailure(agent, end);
  if (failure !== null) return { kind: 'failed', failure };
  if (result !== null) return answered(agent.label, state, end, request);
  return {
    kind: 'failed',
    failure: {
      code: 'agent/protocol',
      message: `${agent.label} exited without reporting a result`,
      hint: 'Its output was cut off or it was interrupted. Send the prompt again; if it happens again, update it on that host.',
      recoverable: true,
    },
  };
};

const failedResult = (
  agent: StreamAgent,
  memory: Memory,
  result: StoredResult,
  now: Date,
): Outcome => {
  const { isLimit, ...remedied } = remedy(agent, result, memory.apiError);
  const said = result.errorText?.trim().slice(0, 500) ?? `it ended with ${String(result.subtype)}`;
  const failure: TurnFailure = { ...remedied, message: `${agent.label}: ${said}` };
  if (!isLimit) return { kind: 'failed', failure };
  const resumesAt = memory.limitResetsAt ?? resetTime(result.errorText ?? '', now);
  return { kind: 'limited', failure, resumesAt };
};

const isProviderLimit = (result: StoredResult, apiError: string | null): boolean =>
  result.status === 429 || (result.status === null && apiError === 'rate_limit');

const remedy = (agent: StreamAgent, result: StoredResult, apiError: string | null): Remedy => {
  if (result.subtype?.startsWith('error_')) return unfinished(result);
  const byReason = result.reason === null ? undefined : BY_REASON[result.reason];
  if (byReason) return byReason;
  const text = result.errorText ?? '';
  // The same 400 stands for many faults; this notice is the CLI's own and begins its message.
  if (text.startsWith('Prompt is too long')) return CONTEXT_FULL;
  const { status } = result;
  if (status === 401 || status === 403 || apiError === 'authentication_failed') {
    return { code: 'agent/auth-failed', hint: agent.signIn, recoverable: false };
  }
  if (isProviderLimit(result, apiError)) return LIMITED;
  if (status !== null && status >= 500) return OVERLOADED;
  if (result.apiError === 'connection_failed' || status === null) {
    if (NO_CONNECTION.test(text) || result.apiError === 'connection_failed') return UNREACHABLE;
  }
  return (apiError === null ? undefined : BY_API_ERROR[apiError]) ?? UNKNOWN;
};

/** Results without an answer: the session was not there, a limit of the session's own, or an interruption. */
const unfinished = ({ subtype, reason, errorText }: StoredResult): Remedy => {
  if (subtype === 'error_max_turns' || subtype === 'error_max_budget_usd') return OWN_LIMIT;
  if (NO_SESSION.test(errorText ?? '')) return CONVERSATION_GONE;
  return reason?.startsWith('aborted') ? INTERRUPTED : UNKNOWN;
};

const NO_SESSION =
  /^(?:Error: )?(?:No conversation found with session ID|--resume requires a valid session ID)/;
const NO_CONNECTION =
  /^API Error: (?:Unable to connect|Connection|Request timed out|fetch failed|.*\b(?:ECONN\w+|ENOTFOUND|ETIMEDOUT|EAI_AGAIN)\b|API returned an empty or malformed response)/;

const UNREACHABLE = unreachable('ANTHROPIC_BASE_URL');
const OWN_LIMIT: Remedy = {
  code: 'agent/limit',
  hint: "Raise or remove the limit in the session's arguments (--max-turns, --max-budget-usd).",
  recoverable: false,
};
const INTERRUPTED: Remedy = {
  code: 'agent/crashed',
  hint: 'It was interrupted on its host. Send the prompt again to go on.',
  recoverable: true,
};

const BY_REASON: Partial<Record<string, Remedy>> = {
  prompt_too_long: CONTEXT_FULL,
  refusal: REFUSED,
};

const BY_API_ERROR: Partial<Record<string, Remedy>> = {
  server_error: OVERLOADED,
  billing_error: {
    code: 'agent/limit',
    hint: "The provider wants the account's billing settled before it answers again.",
    recoverable: false,
  },
  max_output_tokens: {
    ...TOO_LONG_ANSWER,
    hint: 'Ask for a shorter answer or smaller steps, or raise CLAUDE_CODE_MAX_OUTPUT_TOKENS in the environment of the session.',
  },
  model_not_found: NO_SUCH_MODEL,
};

/** Arguments it would not start with are told on stderr, before the first event. */
const rejectedArguments = (agent: StreamAgent, end: ProcessEnd): TurnFailure | null => {
  const notice = REJECTED.exec(end.stderrTail)?.[0];
  if (notice === undefined || end.exitCode !== 1) return null;
  return {
    ...BAD_ARGUMENTS,
    message: `${agent.label} did not start: ${notice.trim().slice(0, 300)}`,
  };
};
const REJECTED =
  /^error: (?:unknown option|option|unknown argument).*$|^.*cannot be used with root\/sudo privileges.*$/im;
