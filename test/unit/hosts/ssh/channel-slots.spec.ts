import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ChannelSlots } from '../../../../src/hosts/ssh/pool/channel-slots.js';
import { SessionBudget } from '../../../../src/hosts/ssh/pool/session-budget.js';

const open = (slots: ChannelSlots, count: number): void => {
  for (let index = 0; index < count; index += 1) {
    slots.take();
    slots.opened();
  }
};

describe('The channel slots of a connection', () => {
  let budget: SessionBudget;
  let slots: ChannelSlots;
  beforeEach(() => {
    jest.useFakeTimers();
    budget = new SessionBudget(10);
    slots = new ChannelSlots(budget);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const refuse = (): void => {
    slots.take();
    slots.refused();
    jest.advanceTimersByTime(20);
  };

  it('keep one for control', () => {
    open(slots, 9);
    expect(slots.hasRoomFor('bulk')).toBe(false);
    expect(slots.hasRoomFor('start')).toBe(false);
    expect(slots.hasRoomFor('control')).toBe(true);
  });

  it('rest for a few milliseconds after a refusal', () => {
    open(slots, 1);
    slots.take();
    slots.refused();
    expect(slots.hasRoomFor('control')).toBe(false);
    jest.advanceTimersByTime(20);
    expect(slots.hasRoomFor('control')).toBe(true);
  });

  it('become fewer only after three refusals in a row, and more again with time', () => {
    open(slots, 5);
    refuse();
    refuse();
    slots.closed();
    refuse();
    refuse();
    expect(slots.usable('control')).toBe(10);
    refuse();
    expect(slots.usable('control')).toBe(4);
    expect(slots.hasRoomFor('control')).toBe(false);
    jest.advanceTimersByTime(60_000);
    expect(slots.hasRoomFor('control')).toBe(true);
  });

  it('take refusals that came together for one', () => {
    open(slots, 6);
    for (let index = 0; index < 4; index += 1) slots.take();
    for (let index = 0; index < 4; index += 1) slots.refused();
    jest.advanceTimersByTime(20);
    expect(slots.usable('control')).toBe(10);
  });

  it('are few from the start on a server that was found to take few', () => {
    open(slots, 2);
    for (let round = 0; round < 3; round += 1) refuse();
    expect(slots.usable('control')).toBe(2);
    const next = new ChannelSlots(budget);
    expect(next.usable('control')).toBe(2);
    expect(next.usable('bulk')).toBe(2);
    jest.advanceTimersByTime(60_000);
    open(next, 2);
    expect(next.hasRoomFor('bulk')).toBe(true);
  });

  it('rest longer when the server refuses the very first channel', () => {
    for (let round = 0; round < 10; round += 1) {
      slots.take();
      slots.refused();
      if (round < 9) jest.advanceTimersByTime(1_000);
    }
    expect(slots.pauseMs).toBeGreaterThan(500);
    expect(slots.pauseMs).toBeLessThanOrEqual(1_000);
  });
});
