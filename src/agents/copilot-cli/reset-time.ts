import { instantOf, timeSpanMs, WORDED_SPAN } from '../failures/time-span.js';

/**
 * When to try again after a limit, from the CLI's words: "try again in 58 hours", "wait 6 seconds for your limit to
 * reset". RFC 3339, or null when they name no time. Hours are rounded by whoever says so: trying too early costs one
 * refusal, which tells again.
 */
export const resetTime = (notice: string, now: Date): string | null => {
  const wait = WAIT.exec(notice)?.[1];
  return wait === undefined ? null : instantOf(now.getTime() + timeSpanMs(wait));
};

const WAIT = new RegExp(String.raw`\b(?:try again in|wait) (${WORDED_SPAN})`, 'i');
