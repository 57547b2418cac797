import { instantOf, TIME_SPAN, timeSpanMs } from '../failures/time-span.js';

/**
 * When to try again after a limit, from the CLI's words: "try again in 1m2.5s", "try again at 10:29 PM", or "... at
 * Nov 25th, 2026 5:02 AM". RFC 3339, or null when they name no time.
 */
export const resetTime = (notice: string, now: Date): string | null => {
  const wait = WAIT.exec(notice)?.[1];
  if (wait !== undefined) return instantOf(now.getTime() + timeSpanMs(wait));
  const told = AT.exec(notice);
  if (!told) return null;
  const [, month, day, year, , minute] = told;
  if (month === undefined) return nextMinute(Number(minute), now.getTime());
  const date = Date.parse(`${day} ${month} ${year} ${told[4]}:${minute} ${told[6]} UTC`);
  if (Number.isNaN(date)) return null;
  return nextMinute(Number(minute), Math.max(now.getTime(), date - EASTERNMOST_MS));
};

const WAIT = new RegExp(String.raw`\btry again in (${TIME_SPAN})`, 'i');
const AT =
  /\btry again at (?:([A-Z][a-z]{2}) (\d{1,2})(?:st|nd|rd|th), (\d{4}) )?(\d{1,2}):(\d\d) ([AP]M)\b/;
const EASTERNMOST_MS = 14 * 60 * 60_000;
const HOUR_MS = 60 * 60_000;
const MINUTE_MS = 60_000;

/**
 * The time is that of the host's zone, which nobody tells. So it is the first instant from `from` on that may be meant:
 * most zones differ by whole hours. Trying too early costs one refusal, and then the next hour is tried. The minute
 * that is told has begun when the limit resets, so the next one is safe.
 */
const nextMinute = (minute: number, from: number): string | null => {
  const target = ((minute + 1) * MINUTE_MS) % HOUR_MS;
  const ahead = (target - (from % HOUR_MS) + HOUR_MS) % HOUR_MS;
  return instantOf(from + (ahead || HOUR_MS));
};
