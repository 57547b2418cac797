import { instantOf, TIME_SPAN, timeSpanMs } from '../failures/time-span.js';

/** When to try again after a limit, from the provider's words: "... retry in 34s". RFC 3339, or null when there are none. */
export const resetTime = (notice: string, now: Date): string | null => {
  const wait = WAIT.exec(notice)?.[1];
  return wait === undefined ? null : instantOf(now.getTime() + timeSpanMs(wait));
};

const WAIT = new RegExp(String.raw`\b(?:try again|retry|reset) (?:in|after) (${TIME_SPAN})`, 'i');
