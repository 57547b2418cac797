import { type QwenUsage } from './stream-events.js';

/** What the CLI tells of an answer of the provider that is no success. */
export interface ApiError {
  /** HTTP status; null when there was no answer, or it is not told. */
  status: number | null;
  message: string;
}

/**
 * Whether a piece of text has the form of the CLI's own notice. It writes the notice where the answer would stand and calls
 * that a success, but never streams it: it is one piece, whole, and the last of its message.
 */
export const looksLikeNotice = (piece: string): boolean => NOTICE.test(piece);

/**
 * The notice at the end of a text of which nothing was streamed, as where a session turns that off: it may stand right
 * behind the piece of an answer.
 */
export const noticeAtEnd = (text: string): string | null => {
  const from = text.indexOf('[API Error: ');
  const notice = from === -1 ? text : text.slice(from);
  return looksLikeNotice(notice) ? notice : null;
};

/**
 * Whether such a last piece is the CLI's and not the model's, who may say the same. An answer that came to its end has been
 * counted, but for the faults of an end itself: those are told of an answer that is counted and empty. (A model that says
 * such a notice and nothing behind it, all in one piece, would be mistaken for it where the provider counts no tokens; and
 * one that says nothing but that its stream has ended so, where it counts them too.)
 *
 * @param isAlone no text came before it in its message
 */
export const isNotice = (
  piece: string,
  usage: QwenUsage | null | undefined,
  isAlone: boolean,
): boolean =>
  usage == null ||
  usage.input_tokens + usage.output_tokens === 0 ||
  (isAlone && AFTER_THE_END.test(piece));

export const readApiError = (notice: string): ApiError => {
  const told = /^\[API Error: (.*)\]/s.exec(notice)?.[1] ?? notice;
  const [, status, message = told] = /^(\d{3}) (.*)$/s.exec(told) ?? [];
  return { status: status === undefined ? null : Number(status), message };
};

const NOTICE =
  /^(?:\[API Error: .*\](?:\n(?:Possible quota limitations|Please wait) .*)?|Qwen OAuth (?:quota exceeded:|free tier has been discontinued).*)$/s;
const AFTER_THE_END =
  /^\[API Error: Model stream ended with(?:out a finish reason| empty response text)\.\]$/;
