import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { after, failed, FakePool, served } from '../../../support/fake-pool.js';

describe('The growth of a pool', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('begins with one login, however many wait', async () => {
    const fake = new FakePool();
    const asked = fake.askFor(50);
    await after(99);
    expect(fake.logins).toBe(1);
    await after(2);
    expect(fake.links).toHaveLength(1);
    expect(served(asked)).toBe(9);
  });

  it('takes five hundred that stay, over fewer than sixty connections, two logins at a time', async () => {
    const fake = new FakePool();
    const asked = fake.askFor(500);
    await after(15_000);
    expect(served(asked)).toBe(500);
    expect(fake.pool.size).toBe(Math.ceil(500 / 9));
    expect(fake.mostLogins).toBe(2);
    expect(fake.links.every(({ refusals }) => refusals === 0)).toBe(true);
    await fake.pool.close();
  });

  it('is no more than those who wait need', async () => {
    const fake = new FakePool();
    fake.askFor(9);
    await after(200);
    const asked = fake.askFor(3);
    await after(5_000);
    expect(served(asked)).toBe(3);
    expect(fake.logins).toBe(2);
  });

  it('lets a crowd wait for longer than one alone as long as it is being served', async () => {
    const fake = new FakePool({ maxConnections: 1, openTimeoutMs: 1_000 });
    const asked = fake.askFor(14);
    for (let turn = 0; turn < 5; turn += 1) {
      await after(900);
      asked.find(({ channel }) => channel)?.channel?.close();
      asked.splice(
        asked.findIndex(({ channel }) => channel),
        1,
      );
    }
    await after(10);
    expect(served(asked)).toBe(9);
    expect(failed(asked)).toEqual([]);
    const late = fake.ask();
    await after(1_001);
    expect(late.error).toMatchObject({ code: 'ssh/session-limit' });
  });

  it.each([1, 2, 4])(
    'finds out that a server takes %d sessions, and serves all without a failure',
    async (sessions) => {
      const fake = new FakePool({}, sessions);
      const asked = fake.askFor(20);
      await after(20_000);
      expect(failed(asked)).toEqual([]);
      expect(served(asked)).toBe(20);
      // The first ones learn it; those made later begin with what was learnt.
      expect(fake.links.slice(-1)[0]?.refusals).toBe(0);
      await fake.pool.close();
    },
  );

  it.each([1, 2])(
    'makes one connection more for control when all are full of sessions (%d each)',
    async (sessions) => {
      const fake = new FakePool({ maxConnections: 5 }, sessions);
      const busy = fake.askFor(5 * sessions, 'follow');
      await after(10_000);
      expect(served(busy)).toBe(5 * sessions);
      const waiting = fake.ask('start');
      await after(1_000);
      expect(fake.pool.size).toBe(5);
      const control = fake.ask('control');
      await after(1_000);
      expect(control.channel).not.toBeNull();
      expect(fake.pool.size).toBe(6);
      control.channel?.close();
      await after(1_000);
      expect(waiting.channel).toBeNull();
      busy[0]?.channel?.close();
      await after(1_000);
      expect(waiting.channel).not.toBeNull();
      await fake.pool.close();
    },
  );

  it('does not go on when the server takes no channel at all', async () => {
    const fake = new FakePool({ openTimeoutMs: 2_000 }, 0);
    const asked = fake.askFor(3);
    await after(5_000);
    expect(fake.logins).toBe(1);
    expect(failed(asked).map(({ error }) => error)).toMatchObject([
      { code: 'ssh/session-limit' },
      { code: 'ssh/session-limit' },
      { code: 'ssh/session-limit' },
    ]);
  });

  it('is undone when the need is gone: new work goes to the oldest, the others fall idle', async () => {
    const fake = new FakePool({ idleExtraMs: 1_000, idleLastMs: 60_000, warmForMs: 60_000 });
    const asked = fake.askFor(40);
    await after(2_000);
    expect(fake.pool.size).toBe(5);
    for (const { channel } of asked) channel?.close();
    for (let turn = 0; turn < 10; turn += 1) {
      const brief = fake.ask();
      await after(300);
      brief.channel?.close();
    }
    expect(fake.pool.size).toBe(1);
    await after(50_000);
    expect(fake.pool.size).toBe(1);
    await after(15_000);
    expect(fake.pool.size).toBe(0);
  });
});
