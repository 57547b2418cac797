import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TurnClocks } from '../../../src/modules/sessions/drive/turn-clocks.js';

const LIMITS = { silenceMs: 1_000, toolMs: 3_600_000, absoluteMs: 10_000 };
const HOUR = 3_600_000;

const build = (since = Date.now(), name = 'build') => ({ id: name, name, since, unheardMs: 0 });

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
      expired.push(clock.tool === undefined ? clock.reason : `${clock.reason}: ${clock.tool}`);
    });
    return { clocks, expired };
  };

  it('end a silent one, and each word of its begins the silence anew', () => {
    const { clocks, expired } = setup();
    jest.advanceTimersByTime(999);
    clocks.heard([]);
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
    clocks.heard([build()]);
    jest.advanceTimersByTime(3_000);
    expect(expired).toEqual([]);
    clocks.heard([]);
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
    clocks.heard([build()]);
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
    clocks.heard([build()]);
    jest.advanceTimersByTime(9_999);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(expired).toEqual(['timeout']);
  });

  it('end even a busy one at its absolute limit, counted from its real start', () => {
    const { clocks, expired } = setup(9_000);
    clocks.heard([build()]);
    jest.advanceTimersByTime(999);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(expired).toEqual(['timeout']);
    const late = setup(60_000);
    jest.advanceTimersByTime(0);
    expect(late.expired).toEqual(['timeout']);
  });

  it('take a tool for a sign of life no longer than a tool may be silent, and name it', () => {
    const { clocks, expired } = setup(0, { silenceMs: 1_000, toolMs: 5_000, absoluteMs: HOUR });
    clocks.heard([build()]);
    jest.advanceTimersByTime(4_999);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(expired).toEqual(['silent: build']);
  });

  it('count the time of a tool through a change of the process that follows it, without outages', () => {
    const limits = { silenceMs: 1_000, toolMs: 10_000, absoluteMs: HOUR };
    const { clocks, expired } = setup(9_000, limits, 2_000);
    clocks.heard([build(Date.now() - 8_000)]);
    jest.advanceTimersByTime(1_000);
    clocks.linkLost();
    jest.advanceTimersByTime(HOUR);
    clocks.linkRestored();
    jest.advanceTimersByTime(2_999);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(expired).toEqual(['silent: build']);
  });

  it('do not end an agent that speaks beside a tool of its that runs too long', () => {
    const { clocks, expired } = setup(0, { silenceMs: 1_000, toolMs: 2_000, absoluteMs: HOUR });
    const tool = build();
    for (let second = 0; second < 10; second += 1) {
      clocks.heard([tool, build()]);
      jest.advanceTimersByTime(999);
    }
    clocks.heard([tool]);
    jest.advanceTimersByTime(999);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(expired).toEqual(['silent: build']);
  });

  it('stop when told, and take limits of many days', () => {
    const { clocks, expired } = setup();
    clocks.stop();
    const month = 30 * 24 * HOUR;
    const slow = setup(0, { silenceMs: month, toolMs: month, absoluteMs: month });
    jest.advanceTimersByTime(1_000_000);
    expect([expired, slow.expired]).toEqual([[], []]);
    slow.clocks.stop();
  });
});
