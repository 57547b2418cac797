import { instantOf } from '../failures/time-span.js';

/**
 * When a provider's limit resets, from the notice that the CLI prints in place of an answer: an epoch behind a
 * bar, an RFC 3339 time, or a clock time with its zone, on its day when that is not the next one ("resets 3pm
 * (Europe/Berlin)", "resets Nov 25, 3pm (Europe/Vienna)"). RFC 3339, or null.
 */
export const resetTime = (notice: string, now: Date): string | null => {
  const epoch = /\|(\d{10})\b/.exec(notice)?.[1];
  if (epoch !== undefined) return instantOf(Number(epoch) * 1000);
  const instant = /\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)/.exec(
    notice,
  )?.[0];
  if (instant !== undefined) return instantOf(Date.parse(instant));
  const clock = CLOCK.exec(notice);
  if (!clock) return null;
  const [, month, day, year, hour, minute = '0', half, zone] = clock;
  const hours = (Number(hour) % (half ? 12 : 24)) + (half?.toLowerCase() === 'pm' ? 12 : 0);
  const timeOfDay = hours * HOUR_MS + Number(minute) * MINUTE_MS;
  if (month === undefined) return zone === undefined ? null : nextTime(timeOfDay, zone, now);
  const date = { month: MONTHS.indexOf(month.toLowerCase()), day: Number(day), year };
  return timeOn(date, timeOfDay, zone ?? EASTERNMOST, now);
};

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const CLOCK = new RegExp(
  String.raw`\bresets?\s(?:(?:on\s)?(${MONTHS.join('|')})[a-z]*\s(\d{1,2})(?:,\s(\d{4}))?(?:,|\sat|,\sat)?\s|at\s)?` +
    String.raw`(\d{1,2})(?::(\d\d))?\s?(am|pm)?\b(?:\s?\(([A-Za-z0-9_+/-]+)\))?`,
  'i',
);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Without its zone, a day begins where it begins first: trying too early costs one refusal. */
const EASTERNMOST = 'Etc/GMT-14';

/** The next instant at which clocks of `zone` show that time of the day; null for a zone nobody knows. */
const nextTime = (timeOfDay: number, zone: string, now: Date): string | null => {
  const shown = clockOf(zone, now.getTime());
  if (shown === null) return null;
  const today = shown - (shown % DAY_MS) + timeOfDay;
  return instantIn(zone, today >= shown ? today : today + DAY_MS);
};

/** That time of that day in `zone`; without a year, it is the first such day that is not long past. */
const timeOn = (
  { month, day, year }: { month: number; day: number; year: string | undefined },
  timeOfDay: number,
  zone: string,
  now: Date,
): string | null => {
  const inYear = (which: number): number => Date.UTC(which, month, day) + timeOfDay;
  if (year !== undefined) return instantIn(zone, inYear(Number(year)));
  const ours = now.getUTCFullYear();
  const isLongPast = inYear(ours) < now.getTime() - LONG_MS;
  return instantIn(zone, inYear(isLongPast ? ours + 1 : ours));
};
const LONG_MS = 31 * DAY_MS;

/** When clocks of `zone` show a time, that is given as if it were of UTC. */
const instantIn = (zone: string, shown: number): string | null => {
  const ahead = (instant: number): number => (clockOf(zone, instant) ?? NaN) - instant;
  // Clocks may be changed between now and then: what counts is how they go by that time.
  return instantOf(shown - ahead(shown - ahead(shown)));
};

/** What clocks of `zone` show at an instant, to the minute, as if it were of UTC; null for a zone nobody knows. */
const clockOf = (zone: string, instant: number): number | null => {
  try {
    const parts = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' },
    }).formatToParts(instant);
    const part = (type: string): number =>
      Number(parts.find((each) => each.type === type)?.value ?? 0);
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'));
  } catch {
    return null;
  }
};
