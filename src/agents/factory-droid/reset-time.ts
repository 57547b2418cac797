import { instantOf, TIME_SPAN, timeSpanMs, WORDED_SPAN } from '../failures/time-span.js';

/** When to try again after a limit, from the provider's words, as RFC 3339; null when they name no time. */
export const resetTime = (notice: string, now: Date): string | null => {
  const wait = WAIT.exec(notice)?.[1];
  return wait === undefined ? null : instantOf(now.getTime() + timeSpanMs(wait));
};

const WAIT = new RegExp(
  String.raw`\b(?:try again|retry|resets?) (?:in|after) (${TIME_SPAN}\b|${WORDED_SPAN})`,
  'i',
);
