import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TurnClocks } from '../../../src/modules/sessions/drive/turn-clocks.js';

const LIMITS = { silenceMs: 1_000, absoluteMs: 10_000 };
const HOUR = 3_600_000;

describe('the clocks of a turn', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const setup = (startedMsAgo = 0, limits = LIMITS, unheardMs = 0) => {
    const expired: string[] = [];
    const startedAt = new Date(Date.now() - startedMsAgo);
    const clocks = new TurnClocks(limits, startedAt, unheardMs, (clock) => {
      expired.push(clock);
    });
    return { clocks, expired };
  };

  it('end a silent one, and each word of its begins the silence anew', () => {
    const { clocks, expired } = setup();
    jest.advanceTimersByTime(999);
    clocks.heard(false);
    jest.advanceTimersByTime(999);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(expired).toEqual(['silent']);
  });

  it('hear nothing while the link is down or a tool runs, and go on afterwards', () => {
    const { clocks, expired } = setup();
    clocks.linkLost();
    jest.advanceTimersByTime(3_000);
    clocks.linkRestored();
    clocks.heard(true);
    jest.advanceTimersByTime(3_000);
    expect(expired).toEqual([]);
    clocks.heard(false);
    jest.advanceTimersByTime(1_000);
    expect(expired).toEqual(['silent']);
  });

  it('stand still, both of them, for hours in which the host cannot be heard', () => {
    const { clocks, expired } = setup();
    jest.advanceTimersByTime(900);
    clocks.linkLost();
    jest.advanceTimersByTime(20 * HOUR);
    clocks.linkLost();
    jest.advanceTimersByTime(4 * HOUR);
    expect(expired).toEqual([]);
    clocks.linkRestored();
    clocks.heard(true);
    jest.advanceTimersByTime(9_099);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(expired).toEqual(['timeout']);
  });

  it('know of outages that another process has seen', () => {
    const { clocks, expired } = setup(2 * HOUR, LIMITS, HOUR);
    clocks.linkLost(Date.now() - HOUR);
    jest.advanceTimersByTime(HOUR);
    clocks.linkRestored();
    clocks.heard(true);
    jest.advanceTimersByTime(9_999);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(expired).toEqual(['timeout']);
  });

  it('end even a busy one at its absolute limit, counted from its real start', () => {
    const { clocks, expired } = setup(9_000);
    clocks.heard(true);
    jest.advanceTimersByTime(999);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(expired).toEqual(['timeout']);
    const late = setup(60_000);
    jest.advanceTimersByTime(0);
    expect(late.expired).toEqual(['timeout']);
  });

  it('stop when told, and take limits of many days', () => {
    const { clocks, expired } = setup();
    clocks.stop();
    const month = 30 * 24 * HOUR;
    const slow = setup(0, { silenceMs: month, absoluteMs: month });
    jest.advanceTimersByTime(1_000_000);
    expect([expired, slow.expired]).toEqual([[], []]);
    slow.clocks.stop();
  });
});
