/** A length of time as Go and many CLIs write it, `1m2.5s`: to be used inside of other expressions. */
export const TIME_SPAN = String.raw`(?:\d+(?:\.\d+)?(?:ms|[dhms]))+`;

const WORD = String.raw`\d+ (?:second|minute|hour|day)s?\b`;
/** The same in words, `2 hours 5 minutes`. */
export const WORDED_SPAN = `${WORD}(?: ${WORD})*`;

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  second: 1_000,
  m: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
};

/** Milliseconds of what `TIME_SPAN` or `WORDED_SPAN` has matched. */
export const timeSpanMs = (span: string): number =>
  [...span.toLowerCase().matchAll(/(\d+(?:\.\d+)?) ?(ms|second|minute|hour|day|[dhms])/g)].reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (UNIT_MS[unit] ?? 0),
    0,
  );

/** The last that RFC 3339 can write. */
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * Milliseconds since 1970 as RFC 3339; null for what is no time that anybody waits for. Whoever tells a time is another
 * program, so its number may be any.
 */
export const instantOf = (ms: number): string | null =>
  ms >= 0 && ms <= LATEST_MS ? new Date(ms).toISOString() : null;

/**
 * Milliseconds since 1970 of an RFC 3339 time or a date of HTTP; NaN for anything else. Without a zone it would be read as
 * one of this server's.
 */
export const zonedTime = (text: string): number => (HAS_ZONE.test(text) ? Date.parse(text) : NaN);

const HAS_ZONE =
  /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$|^[A-Z][a-z]{2}, .* (?:GMT|UTC|[+-]\d{4})$/;
