import { instantOf, TIME_SPAN, timeSpanMs } from '../failures/time-span.js';

/**
 * When to try again after a limit: as the provider's details say, or the CLI's words "... will reset after 16h52m20s"
 * and "retry in 34.07s". RFC 3339, or null when they name no time.
 */
export const resetTime = (notice: string, now: Date): string | null => {
  const wait = DELAY.exec(notice)?.[1] ?? WAIT.exec(notice)?.[1];
  return wait === undefined ? null : instantOf(now.getTime() + timeSpanMs(wait));
};

const DELAY = new RegExp(String.raw`"retryDelay"\s*:\s*"(${TIME_SPAN})"`);
const WAIT = new RegExp(String.raw`\b(?:reset after|retry in) (${TIME_SPAN})`, 'i');
