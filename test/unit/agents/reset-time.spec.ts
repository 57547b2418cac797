import { describe, expect, it } from '@jest/globals';
import { resetTime } from '../../../src/agents/claude-code/reset-time.js';

const NOW = new Date('2026-11-22T13:20:45Z');

describe('The time at which a limit resets', () => {
  it.each([
    ['Claude AI usage limit reached|1800000000', '2027-01-15T08:00:00.000Z'],
    ['Try again at 2026-11-23T01:00:00+01:00.', '2026-11-23T00:00:00.000Z'],
    ["You've hit your session limit · resets 3pm (Europe/Berlin)", '2026-11-22T14:00:00.000Z'],
    ["You've hit your session limit · resets 2:20pm (Europe/Berlin)", '2026-11-22T13:20:00.000Z'],
    ['resets at 12:30am (America/New_York)', '2026-11-23T05:30:00.000Z'],
    ['resets 2:19pm (Europe/Berlin)', '2026-11-23T13:19:00.000Z'],
    ['resets 12pm (UTC)', '2026-11-23T12:00:00.000Z'],
    ['resets 13:45 (UTC)', '2026-11-22T13:45:00.000Z'],
  ])('is read from %j', (notice, expected) => {
    expect(resetTime(notice, NOW)).toBe(expected);
  });

  it.each(['', 'Please try again later.', 'resets 3pm', 'resets 3pm (Atlantis/City)', 'a|12'])(
    'is not guessed from %j',
    (notice) => {
      expect(resetTime(notice, NOW)).toBeNull();
    },
  );
});
