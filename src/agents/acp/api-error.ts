import { readApiError } from '../gemini-cli/api-error.js';

/** What an agent tells of a request that it, or the provider of its model, has refused. */
export interface ToldError {
  /** HTTP status of the provider; null when it is not told. */
  status: number | null;
  /** The agent's or the provider's own name for what is wrong; null when none is told. */
  kind: string | null;
  /** In words. */
  message: string;
}

/** The protocol has few codes. What is wrong stands in the code, in the data, or at the beginning of the words. */
export const toldError = (code: number, message: string, data: unknown): ToldError => {
  const words = wordsOf(data) ?? message.replace(/^Internal error: /, '');
  const answer = readApiError(words, 0);
  const status = isStatus(code) ? code : (answer.status ?? statusIn(words));
  return { status, kind: kindOf(data) ?? kindIn(words), message: answer.message };
};

const isStatus = (code: number): boolean => code >= 400 && code < 600;

const STATUS =
  /^(\d{3}) |^API Error: (\d{3})\b|^unexpected status (\d{3})\b|\(HTTP (\d{3})\)|\bLast error: (\d{3})\b/m;

const statusIn = (words: string): number | null => {
  const found = STATUS.exec(words)?.slice(1).find(Boolean);
  return found !== undefined && isStatus(Number(found)) ? Number(found) : null;
};

/** Of a body of OpenAI's or Anthropic's that is passed on as it is. */
const kindIn = (words: string): string | null =>
  /"code":"([a-z_]+)"/.exec(words)?.[1] ?? /"type":"([a-z]+_error)"/.exec(words)?.[1] ?? null;

const wordsOf = (data: unknown): string | null => {
  const told = fieldsOf(data);
  return [told['details'], told['message']].find((each) => typeof each === 'string') ?? null;
};

const kindOf = (data: unknown): string | null => {
  const told = fieldsOf(data);
  const kind = told['errorKind'] ?? told['codex_error_info'] ?? told['errorName'] ?? told['code'];
  // Some of codex' kinds have more in them.
  const name = typeof kind === 'string' ? kind : Object.keys(fieldsOf(kind))[0];
  return name === undefined || VAGUE.has(name) ? null : name;
};

const VAGUE = new Set([
  ...['other', 'unknown', 'invalid_request', 'bad_request', 'APIError', 'UnknownError'],
]);

const fieldsOf = (data: unknown): Record<string, unknown> =>
  typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
