import { instantOf } from '../time-span.js';

/**
 * When a provider's limit resets, from the notice that the CLI prints in place of an answer: an epoch behind a
 * bar, an RFC 3339 time, or a clock time with its zone ("resets 3pm (Europe/Berlin)"). RFC 3339, or null.
 */
export const resetTime = (notice: string, now: Date): string | null => {
  const epoch = /\|(\d{10})\b/.exec(notice)?.[1];
  if (epoch !== undefined) return instantOf(Number(epoch) * 1000);
  const instant = /\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)/.exec(
    notice,
  )?.[0];
  if (instant !== undefined) return instantOf(Date.parse(instant));
  const clock = /resets?\s(?:at\s)?(\d{1,2})(?::(\d\d))?\s?(am|pm)?\s?\(([A-Za-z0-9_+/-]+)\)/i.exec(
    notice,
  );
  if (!clock) return null;
  const [, hour, minute = '0', half, zone = ''] = clock;
  const hours = (Number(hour) % (half ? 12 : 24)) + (half?.toLowerCase() === 'pm' ? 12 : 0);
  return nextTime(hours * 60 + Number(minute), zone, now);
};

const DAY_MINUTES = 24 * 60;

/** The next instant at which clocks of `zone` show that minute of the day; null for a zone nobody knows. */
const nextTime = (minuteOfDay: number, zone: string, now: Date): string | null => {
  try {
    const parts = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
    }).formatToParts(now);
    const part = (type: string): number =>
      Number(parts.find((each) => each.type === type)?.value ?? 0);
    const wait = minuteOfDay - (part('hour') * 60 + part('minute'));
    const minutes = wait >= 0 ? wait : wait + DAY_MINUTES;
    return new Date(Math.floor(now.getTime() / 60_000 + minutes) * 60_000).toISOString();
  } catch {
    return null;
  }
};
