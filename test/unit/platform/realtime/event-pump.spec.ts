import { describe, expect, it } from '@jest/globals';
import { CursorExpired, type LoggedEvent } from '../../../../src/platform/events/index.js';
import { pumpEvents } from '../../../../src/platform/realtime/index.js';
import { InMemoryLog, STREAM } from './in-memory-log.js';

const setup = ({ after = 0, events = 0 } = {}) => {
  const log = new InMemoryLog();
  log.append(STREAM, ...Array(events).keys());
  const got: number[] = [];
  const stop = new AbortController();
  const world = {
    log,
    got,
    stop,
    room: async (): Promise<void> => undefined,
    pauses: [] as unknown[],
    /** Resolves when `seq` has been delivered. */
    delivered: (seq: number): Promise<void> =>
      new Promise((resolve) => {
        if (got.includes(seq)) resolve();
        else waiting.set(seq, resolve);
      }),
    run: () =>
      pumpEvents(
        {
          log,
          stream: STREAM,
          after,
          deliver: async (page: LoggedEvent[]) => {
            got.push(...page.map(({ seq }) => seq));
            for (const { seq } of page) waiting.get(seq)?.();
            await world.room();
          },
          pause: async (error) => void world.pauses.push(error),
        },
        stop.signal,
      ),
  };
  const waiting = new Map<number, () => void>();
  return world;
};

const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('pumpEvents', () => {
  it('delivers what is behind the cursor in order, over as many pages as it takes', async () => {
    const world = setup({ events: 250, after: 30 });
    const done = world.run();
    await world.delivered(250);
    world.stop.abort();
    await done;
    expect(world.got).toEqual(upTo(250, 31));
  });

  it('goes on live', async () => {
    const world = setup({ events: 2 });
    const done = world.run();
    await world.delivered(2);
    world.log.append(STREAM, 'live');
    await world.delivered(3);
    world.stop.abort();
    await done;
    expect(world.got).toEqual([1, 2, 3]);
  });

  it('misses nothing that is appended while it reads, however the two interleave', async () => {
    const world = setup();
    let toAppend = 40;
    // Appended after the picture was taken and before it arrives: only the bell tells of it.
    world.log.reading = async () => {
      if (toAppend > 0) world.log.append(STREAM, toAppend);
      toAppend -= 1;
    };
    const done = world.run();
    await world.delivered(40);
    world.stop.abort();
    await done;
    expect(world.got).toEqual(upTo(40));
  });

  it('reads no further while the receiver has no room', async () => {
    const world = setup({ events: 300 });
    let makeRoom = (): void => undefined;
    let full = (): void => undefined;
    const isFull = new Promise<void>((resolve) => (full = resolve));
    const readings: number[] = [];
    world.log.reading = async (after) => void readings.push(after);
    world.room = () =>
      new Promise((resolve) => {
        makeRoom = resolve;
        full();
      });
    const done = world.run();
    await isFull;
    world.log.append(STREAM, 'while full');
    await new Promise(setImmediate);
    expect(readings).toEqual([0]);
    expect(world.got).toHaveLength(100);
    world.room = async () => undefined;
    makeRoom();
    await world.delivered(301);
    world.stop.abort();
    await done;
    expect(world.got).toEqual(upTo(301));
  });

  it('delivers nothing any more once it is stopped, also not what was being read', async () => {
    const world = setup({ events: 3 });
    world.log.reading = async () => {
      world.stop.abort();
    };
    await world.run();
    expect(world.got).toEqual([]);
    expect(world.log.listeners(STREAM)).toBe(0);
  });

  it('ends while it waits for the bell', async () => {
    const world = setup({ events: 1 });
    const done = world.run();
    await world.delivered(1);
    await new Promise(setImmediate);
    world.stop.abort();
    await done;
    expect(world.log.listeners(STREAM)).toBe(0);
  });

  it('tries again, without gap or repeat, when the log could not be read', async () => {
    const world = setup({ events: 250 });
    const failure = new Error('database is away');
    let failures = 3;
    world.log.reading = async (after) => {
      if (after === 100 && failures > 0) {
        failures -= 1;
        throw failure;
      }
    };
    const done = world.run();
    await world.delivered(250);
    world.stop.abort();
    await done;
    expect(world.got).toEqual(upTo(250));
    expect(world.pauses).toEqual([failure, failure, failure]);
  });

  it('gives up when the log no longer holds what is behind the cursor', async () => {
    const world = setup({ events: 9 });
    world.log.oldest = 5;
    await expect(world.run()).rejects.toThrow(CursorExpired);
    expect(world.log.listeners(STREAM)).toBe(0);
  });
});
