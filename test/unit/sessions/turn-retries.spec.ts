import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type TurnErrorCode } from '../../../src/agents/index.js';
import { type TurnEnding } from '../../../src/modules/sessions/drive/turn-ending.js';
import {
  type EndedAttempt,
  goingOn,
  type RetryPolicy,
} from '../../../src/modules/sessions/drive/turn-retries.js';
import { type EarlierAttempt } from '../../../src/modules/sessions/turn.js';

const NOW = Date.parse('2030-01-01T00:00:00.000Z');
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

const POLICY: RetryPolicy = {
  ...{ resumeAfterLimit: true, limitStreak: 3, retries: 3 },
  ...{ firstRetryMs: 30 * SECOND, absoluteMs: 12 * HOUR },
};

const failure = (code: string) => ({ code, message: `told: ${code}`, recoverable: true });
const failed = (code: TurnErrorCode | 'agent/silent' | 'agent/timeout' | 'host/rebooted') =>
  ({
    ...{ text: 'so far', exitCode: 1, signal: null, resumesAt: null },
    ...{ state: 'failed', error: failure(code) },
  }) satisfies TurnEnding;
const limited = (inMs: number | null): TurnEnding => ({
  ...failed('agent/limit'),
  state: 'limited',
  resumesAt: inMs === null ? null : new Date(NOW + inMs),
});

const earlier = (code: string, more: Partial<EarlierAttempt> = {}): EarlierAttempt => ({
  ...{ attempt: 1, code, message: '', endedAt: '', worked: false, providerSessionId: 'old' },
  ...more,
});

const attempt = (
  change: Partial<EndedAttempt['row']> = {},
  { resumed = 'old', worked = false }: { resumed?: string | null; worked?: boolean } = {},
): EndedAttempt => ({
  row: {
    ...{ attempts: 1, earlier: [], spentMs: 0, unreachableMs: 0, stop: null },
    startedAt: new Date(NOW - 60 * SECOND),
    ...change,
  },
  parser: {
    ...{ providerSessionId: 'told', text: null, model: null, usage: null, memory: {} },
    worked,
  },
  resumed,
});

const inMs = (at: Date | null | undefined): number => (at?.getTime() ?? NaN) - NOW;

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a turn at a limit of its provider', () => {
  it('goes on by itself after the reset, spread, and never before it', () => {
    for (const [waitMs, spreadMs] of [
      [5 * HOUR, 60 * SECOND],
      [20 * SECOND, 2 * SECOND],
    ] as const) {
      const soonest = goingOn(limited(waitMs), attempt(), POLICY, () => 0);
      const latest = goingOn(limited(waitMs), attempt(), POLICY, () => 1);
      expect(soonest).toMatchObject({ state: 'limited', error: { code: 'agent/limit' } });
      expect(inMs(soonest.resumesAt)).toBe(waitMs);
      expect([inMs(soonest.retryAt), inMs(latest.retryAt)]).toEqual([waitMs, waitMs + spreadMs]);
    }
  });

  it('remembers the attempt: what it ran for, its conversation, and whether it had worked', () => {
    const { earlier: kept, spentMs } = goingOn(
      limited(HOUR),
      attempt({ attempts: 4, spentMs: 5_000, unreachableMs: 20_000 }, { worked: true }),
      POLICY,
    );
    expect(spentMs).toBe(45_000);
    expect(kept).toEqual([
      {
        ...{ attempt: 4, code: 'agent/limit', message: 'told: agent/limit', worked: true },
        ...{ providerSessionId: 'told', endedAt: new Date(NOW).toISOString() },
      },
    ]);
  });

  it('asks again in an hour where no time is told, and soon where it has passed', () => {
    expect(inMs(goingOn(limited(null), attempt(), POLICY).resumesAt)).toBe(HOUR);
    const passed = (times: number): number =>
      inMs(
        goingOn(
          limited(-DAY),
          attempt({ earlier: Array.from({ length: times }, () => earlier('agent/limit')) }),
          POLICY,
        ).resumesAt,
      );
    expect([passed(0), passed(1), passed(2)]).toEqual([30, 60, 120].map((s) => s * SECOND));
  });

  it('fails when that is further away than any limit that resets by itself', () => {
    expect(goingOn(limited(7 * DAY), attempt(), POLICY)).toMatchObject({ state: 'limited' });
    expect(goingOn(limited(9 * DAY), attempt(), POLICY)).toMatchObject({
      ...{ state: 'failed', resumesAt: new Date(NOW + 9 * DAY) },
      error: { code: 'agent/limit', hint: expect.stringContaining('2030-01-10') },
    });
  });

  it('fails at once, with the time of the reset, where its session does not wait', () => {
    const policy = { ...POLICY, resumeAfterLimit: false };
    const ending = goingOn(limited(HOUR), attempt(), policy);
    expect(ending).toMatchObject({
      ...{ state: 'failed', resumesAt: new Date(NOW + HOUR) },
      error: { code: 'agent/limit', hint: expect.stringContaining('2030-01-01T01:00:00.000Z') },
    });
    expect(ending.earlier).toBeUndefined();
  });

  it('makes up no time of the reset when its provider has named none', () => {
    const policy = { ...POLICY, resumeAfterLimit: false };
    expect(goingOn(limited(null), attempt(), policy)).toMatchObject({
      ...{ state: 'failed', resumesAt: null },
      error: { code: 'agent/limit', hint: expect.stringContaining('does not say when') },
    });
  });

  it('fails when it has no time left to go on in', () => {
    const after = (spentMs: number) => goingOn(limited(HOUR), attempt({ spentMs }), POLICY);
    expect(after(12 * HOUR - 61 * SECOND)).toMatchObject({ state: 'limited' });
    expect(after(12 * HOUR - 60 * SECOND)).toMatchObject({
      ...{ state: 'failed', resumesAt: new Date(NOW + HOUR) },
      error: { code: 'agent/limit', hint: expect.stringContaining('limits.absoluteMs') },
    });
  });

  it('gives up after so many in a row, and counts anew when work was done in between', () => {
    const limit = earlier('agent/limit');
    const worked = earlier('agent/limit', { worked: true });
    const overloaded = earlier('agent/overloaded');
    const after = (before: EarlierAttempt[], works = false): string =>
      goingOn(limited(HOUR), attempt({ earlier: before }, { worked: works }), POLICY).state;
    expect(after([limit, limit])).toBe('limited');
    expect(after([limit, limit, limit])).toBe('failed');
    expect(after([limit, overloaded, limit, limit])).toBe('failed');
    expect(after([limit, limit, limit], true)).toBe('limited');
    expect(after([limit, limit, worked, limit])).toBe('limited');
    expect(after([worked, limit, limit])).toBe('failed');
    expect(
      goingOn(limited(HOUR), attempt({ earlier: [limit, limit, limit] }), POLICY).error,
    ).toMatchObject({ code: 'agent/limit', message: expect.stringContaining('3 waits in a row') });
  });
});

describe('a turn whose provider is overloaded or out of reach', () => {
  const again = (code: TurnErrorCode, times: number, change: Partial<RetryPolicy> = {}) =>
    goingOn(
      failed(code),
      attempt({ earlier: Array.from({ length: times }, () => earlier(code)) }),
      { ...POLICY, ...change },
      () => 0,
    );

  it.each(['agent/overloaded', 'agent/network'] as const)(
    'is tried again later and later, and visibly: %s',
    (code) => {
      const waits = [0, 1, 2].map((times) => again(code, times));
      expect(waits.map(({ retryAt }) => inMs(retryAt))).toEqual([30_000, 60_000, 120_000]);
      expect(waits[0]).toMatchObject({
        ...{ state: 'queued', error: null },
        waiting: { code, message: `told: ${code}`, since: new Date(NOW).toISOString() },
        earlier: [{ attempt: 1, code }],
      });
    },
  );

  it('is tried at most that often, then fails with what was told last and how often', () => {
    expect(again('agent/overloaded', 3)).toMatchObject({
      ...{ state: 'failed' },
      error: { code: 'agent/overloaded', message: 'told: agent/overloaded (4 attempts)' },
    });
    expect(again('agent/network', 0, { retries: 0 })).toEqual(failed('agent/network'));
    expect(again('agent/overloaded', 9, { retries: 20 })).toMatchObject({ state: 'queued' });
    expect(inMs(again('agent/overloaded', 9, { retries: 20 }).retryAt)).toBe(600_000);
  });

  it('is spread, and never tried sooner than it is said', () => {
    const latest = goingOn(failed('agent/overloaded'), attempt(), POLICY, () => 1);
    expect(inMs(latest.retryAt)).toBe(37_500);
  });

  it('is not tried again beyond its absolute limit, in which the waits count', () => {
    const row = { spentMs: 12 * HOUR - 91 * SECOND };
    const going = (spentMs: number) =>
      goingOn(failed('agent/overloaded'), attempt({ spentMs }), POLICY, () => 0);
    expect(going(row.spentMs)).toMatchObject({
      ...{ state: 'queued', spentMs: 12 * HOUR - SECOND },
    });
    expect(going(row.spentMs + SECOND)).toMatchObject({ state: 'failed' });
  });
});

describe('a turn whose conversation is gone', () => {
  it('is tried once more at once, and then never again', () => {
    const ending = goingOn(failed('agent/session-not-found'), attempt(), POLICY);
    expect(ending).toMatchObject({
      ...{ state: 'queued', error: null },
      earlier: [{ code: 'agent/session-not-found', providerSessionId: 'old' }],
    });
    const second = attempt({ earlier: ending.earlier ?? [] });
    expect(goingOn(failed('agent/session-not-found'), second, POLICY).state).toBe('failed');
    const later = attempt({ earlier: [...(ending.earlier ?? []), earlier('agent/limit')] });
    expect(goingOn(failed('agent/session-not-found'), later, POLICY).state).toBe('failed');
  });

  it('fails where it had begun one itself', () => {
    const begun = attempt({}, { resumed: null });
    expect(goingOn(failed('agent/session-not-found'), begun, POLICY).state).toBe('failed');
  });
});

it.each([
  'agent/auth-failed',
  'agent/permission-denied',
  'agent/context-full',
  'agent/crashed',
  'agent/protocol',
  'agent/unsupported',
  'agent/command-not-found',
  'agent/limit',
  'agent/silent',
  'agent/timeout',
  'host/rebooted',
] as const)('a turn that failed for %s is never tried again by itself', (code) => {
  expect(goingOn(failed(code), attempt(), POLICY)).toEqual(failed(code));
});

it('a turn that was told to stop, was completed or was lost is never tried again by itself', () => {
  const stop = { reason: 'cancelled', at: '', proved: true } as const;
  for (const ending of [limited(HOUR), failed('agent/overloaded')]) {
    expect(goingOn(ending, attempt({ stop }), POLICY)).toEqual(ending);
  }
  const completed: TurnEnding = { ...failed('agent/crashed'), state: 'completed', error: null };
  const lost: TurnEnding = { ...failed('agent/network'), state: 'lost' };
  for (const ending of [completed, lost]) expect(goingOn(ending, attempt(), POLICY)).toBe(ending);
});
