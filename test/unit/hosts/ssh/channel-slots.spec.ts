import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ChannelSlots } from '../../../../src/hosts/ssh/channel-slots.js';

const take = (slots: ChannelSlots, count: number): void => {
  for (let index = 0; index < count; index += 1) slots.take();
};

describe('The channel slots of a connection', () => {
  let slots: ChannelSlots;
  beforeEach(() => {
    jest.useFakeTimers();
    slots = new ChannelSlots(10);
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
    take(slots, 9);
    expect(slots.hasRoomFor('bulk')).toBe(false);
    expect(slots.hasRoomFor('start')).toBe(false);
    expect(slots.hasRoomFor('control')).toBe(true);
  });

  it('rest for a few milliseconds after a refusal', () => {
    slots.take();
    slots.take();
    slots.refused();
    expect(slots.hasRoomFor('control')).toBe(false);
    jest.advanceTimersByTime(20);
    expect(slots.hasRoomFor('control')).toBe(true);
  });

  it('become fewer only after three refusals in a row, and more again with time', () => {
    take(slots, 4);
    refuse();
    refuse();
    slots.closed();
    refuse();
    refuse();
    expect(slots.hasRoomFor('control')).toBe(true);
    refuse();
    expect(slots.inUse).toBe(3);
    expect(slots.hasRoomFor('control')).toBe(false);
    jest.advanceTimersByTime(60_000);
    expect(slots.hasRoomFor('control')).toBe(true);
  });

  it('rest longer when the server refuses the very first channel', () => {
    for (let round = 0; round < 10; round += 1) {
      slots.take();
      slots.refused();
    }
    expect(slots.pauseMs).toBeGreaterThan(500);
    expect(slots.pauseMs).toBeLessThanOrEqual(1_000);
  });
});
