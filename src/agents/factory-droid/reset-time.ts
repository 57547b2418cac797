import { TIME_SPAN, timeSpanMs } from '../time-span.js';

/** When to try again after a limit, from the provider's words, as RFC 3339; null when they name no time. */
export const resetTime = (notice: string, now: Date): string | null => {
  const span = SPAN.exec(notice)?.[1];
  if (span !== undefined) return new Date(now.getTime() + timeSpanMs(span)).toISOString();
  const [, amount, unit = ''] = WORDS.exec(notice) ?? [];
  if (amount === undefined) return null;
  return new Date(now.getTime() + Number(amount) * (UNIT_MS[unit] ?? 0)).toISOString();
};

const SPAN = new RegExp(
  String.raw`\b(?:try again|retry|resets?) (?:in|after) (${TIME_SPAN})\b`,
  'i',
);
const WORDS = /\b(?:try again|retry|resets?) (?:in|after) (\d{1,6}) (second|minute|hour|day)s?\b/i;
const UNIT_MS: Record<string, number> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};
