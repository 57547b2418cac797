import { describe, expect, it } from '@jest/globals';
import { resetTime } from '../../../src/agents/claude-code/reset-time.js';
import { resetTime as ofCodex } from '../../../src/agents/codex/reset-time.js';
import { resetTime as ofCopilot } from '../../../src/agents/copilot-cli/reset-time.js';
import { resetTime as ofDroid } from '../../../src/agents/factory-droid/reset-time.js';
import { resetTime as ofGemini } from '../../../src/agents/gemini-cli/reset-time.js';
import { resetTime as ofOpenCode } from '../../../src/agents/opencode/reset-time.js';
import { resetTime as ofQwen } from '../../../src/agents/qwen/reset-time.js';
import { instantOf } from '../../../src/agents/failures/time-span.js';

const NOTHING_TOLD = { name: 'APIError', status: null, headers: {}, body: '' };
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
    ['Weekly limit reached ∙ resets Nov 25, 3pm (Europe/Vienna)', '2026-11-25T14:00:00.000Z'],
    ['resets Nov 25 at 3:30pm (Europe/Vienna)', '2026-11-25T14:30:00.000Z'],
    ['resets Nov 25 at 3pm', '2026-11-25T01:00:00.000Z'],
    ['resets Nov 22 at 1pm (UTC)', '2026-11-22T13:00:00.000Z'],
    ['resets Jan 2, 12am (UTC)', '2027-01-02T00:00:00.000Z'],
    ['resets Jul 2, 2027, 9am (America/New_York)', '2027-07-02T13:00:00.000Z'],
  ])('is read from %j', (notice, expected) => {
    expect(resetTime(notice, NOW)).toBe(expected);
  });

  it('is that of the clocks by then, which are changed in between', () => {
    const before = new Date('2026-10-24T21:30:00Z');
    expect(resetTime('resets 11pm (Europe/Berlin)', before)).toBe('2026-10-25T22:00:00.000Z');
    expect(resetTime('resets Oct 26, 3pm (Europe/Berlin)', before)).toBe(
      '2026-10-26T14:00:00.000Z',
    );
  });

  it.each([
    '',
    'resets Nov 25, 3pm (Atlantis/City)',
    'resets Nov 25',
    'Please try again later.',
    'resets 3pm',
    'resets 3pm (Atlantis/City)',
    'a|12',
  ])('is not guessed from %j', (notice) => {
    expect(resetTime(notice, NOW)).toBeNull();
  });
});

describe('A wait that a provider names', () => {
  const openCode = (message: string, now: Date): string | null =>
    ofOpenCode({ ...NOTHING_TOLD, message }, now);

  it.each([
    ['Codex', ofCodex, (span: string) => `try again in ${span}`],
    ['Gemini CLI', ofGemini, (span: string) => `"retryDelay": "${span}"`],
    ['Gemini CLI', ofGemini, (span: string) => `Please retry in ${span}`],
    ['Qwen Code', ofQwen, (span: string) => `please try again after ${span}`],
    ['Droid', ofDroid, (span: string) => `Please try again in ${span}.`],
    ['OpenCode', openCode, (span: string) => `try again in ${span}`],
  ])('is added to the time of %s, unless nobody could wait for it', (_, timeOf, said) => {
    expect(timeOf(said('1m2.5s'), NOW)).toBe('2026-11-22T13:21:47.500Z');
    expect(timeOf(said('99999999999999s'), NOW)).toBeNull();
    expect(timeOf(said(`${'9'.repeat(400)}s`), NOW)).toBeNull();
  });

  it.each([
    ['Copilot CLI', ofCopilot, (span: string) => `Please try again in ${span}.`],
    ['Droid', ofDroid, (span: string) => `429 Too many requests, retry after ${span}`],
    ['OpenCode', openCode, (span: string) => `It will reset in ${span}.`],
  ])('may be in words for %s', (_, timeOf, said) => {
    expect(timeOf(said('58 hours'), NOW)).toBe('2026-11-24T23:20:45.000Z');
    expect(timeOf(said('1 hour 5 minutes'), NOW)).toBe('2026-11-22T14:25:45.000Z');
    expect(timeOf(said('99999999999999 seconds'), NOW)).toBeNull();
  });

  it('is a time that RFC 3339 can write', () => {
    expect(instantOf(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(instantOf(Date.parse('9999-12-31T23:59:59.999Z'))).toBe('9999-12-31T23:59:59.999Z');
    for (const ms of [-1, 253_402_300_800_000, 1e20, Infinity, -Infinity, NaN]) {
      expect(instantOf(ms)).toBeNull();
    }
  });
});

describe('A time that a provider of OpenCode names', () => {
  const ofBody = (resets_at: unknown): string | null =>
    ofOpenCode(
      { ...NOTHING_TOLD, message: '', body: JSON.stringify({ error: { resets_at } }) },
      NOW,
    );
  const ofHeader = (value: string): string | null =>
    ofOpenCode({ ...NOTHING_TOLD, message: '', headers: { 'Retry-After': value } }, NOW);

  it.each([
    ['2026-11-23T01:00:00+01:00', '2026-11-23T00:00:00.000Z'],
    ['2026-11-22T14:00:00Z', '2026-11-22T14:00:00.000Z'],
    ['Sun, 22 Nov 2026 14:00:00 GMT', '2026-11-22T14:00:00.000Z'],
  ])('is %s with its zone', (told, instant) => {
    expect(ofBody(told)).toBe(instant);
    expect(ofHeader(told)).toBe(instant);
  });

  it.each([
    ...['2026-11-23T14:00:00', '2026-11-23 14:00', 'Nov 23, 2026 14:00', '23 Nov 2026', '2027'],
    ...['Mon, 23 Nov 2026 14:00:00', 'tomorrow'],
  ])('is not %s without one', (told) => {
    expect(ofBody(told)).toBeNull();
    if (!/^\d+$/.test(told)) expect(ofHeader(told)).toBeNull();
  });
});
