import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { denied, type FakeLink, lost, silent } from '../../../support/fake-link.js';
import { after, failed, FakePool, served } from '../../../support/fake-pool.js';

describe('A pool in trouble', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('tries again before it tells the first one that the server hung up', async () => {
    const fake = new FakePool();
    fake.faults.push(lost(), lost(), lost());
    const asked = fake.askFor(3);
    await after(5_000);
    expect(served(asked)).toBe(3);
    expect(fake.logins).toBe(4);
    expect(fake.statuses).toEqual(['connecting', 'online']);
  });

  it('tells why after five times, and then asks the server once per request and pause', async () => {
    const fake = new FakePool();
    const reason = lost();
    fake.faults.push(...Array.from({ length: 10 }, () => reason));
    const first = fake.ask();
    await after(8_000);
    expect(first.error).toBe(reason);
    expect(fake.logins).toBe(5);
    expect(fake.statuses).toEqual(['connecting', 'offline']);
    await after(15_000);
    const second = fake.ask();
    await after(200);
    expect(second.error).toBe(reason);
    expect(fake.logins).toBe(6);
  });

  it('is offline when nobody waits any more for the login that was to be tried again', async () => {
    const fake = new FakePool();
    fake.faults.push(lost());
    const stop = new AbortController();
    fake.ask('start', stop.signal);
    await after(110);
    stop.abort();
    await after(1_000);
    expect(fake.logins).toBe(1);
    expect(fake.statuses).toEqual(['connecting', 'offline']);
  });

  it('lets nobody fail because a further login was dropped, and logs in one by one then', async () => {
    const fake = new FakePool();
    const busy = fake.askFor(9);
    await after(200);
    fake.faults.push(lost(), lost());
    const asked = fake.askFor(60);
    await after(150);
    fake.mostLogins = 0;
    await after(10_000);
    expect(failed([...busy, ...asked])).toEqual([]);
    expect(served(asked)).toBe(60);
    expect(fake.mostLogins).toBe(1);
    expect(fake.statuses).toEqual(['connecting', 'online']);
    await fake.pool.close();
  });

  it('makes no further login after one was denied, and goes on with what it has', async () => {
    const fake = new FakePool();
    const busy = fake.askFor(9);
    await after(200);
    fake.faults.push(denied());
    const waiting = fake.ask();
    await after(10_000);
    expect(fake.logins).toBe(2);
    expect(waiting).toEqual({ channel: null, error: null });
    busy[0]?.channel?.close();
    await after(10);
    expect(waiting.channel).not.toBeNull();
  });

  it('does not wait for ever for a login that never ends', async () => {
    const fake = new FakePool({ loginTimeoutMs: 5_000, openTimeoutMs: 30_000 });
    fake.faults.push('never');
    const first = fake.ask();
    await after(5_001);
    expect(first.error).toMatchObject({ code: 'ssh/timeout' });
    await after(1_000);
    const second = fake.ask();
    await after(150);
    expect(second.channel).not.toBeNull();
  });

  it('opens elsewhere when a connection does not answer, and fails when the next one does not either', async () => {
    const fake = new FakePool();
    const busy = fake.askFor(12);
    await after(1_000);
    expect(served(busy)).toBe(12);
    const [first, second] = fake.links;
    for (const { channel } of busy.slice(0, 8)) channel?.close();
    if (first) first.fault = silent();
    const moved = fake.ask();
    await after(10);
    expect(second?.channels.has(moved.channel as never)).toBe(true);
    if (second) second.fault = silent();
    await after(1_001);
    const hopeless = fake.ask();
    await after(3_000);
    expect(hopeless.error).toMatchObject({ code: 'ssh/timeout' });
  });

  it('tells whoever waits that it was closed, also when a channel was just being opened', async () => {
    const fake = new FakePool();
    fake.ask();
    await after(150);
    const [link] = fake.links as [FakeLink];
    let fail = (): void => undefined;
    Object.assign(link, {
      open: () =>
        new Promise<never>((_resolve, reject) => {
          fail = () => {
            reject(new Error('the link has ended'));
          };
        }),
    });
    const waiting = fake.ask();
    await fake.pool.close();
    fail();
    await after(0);
    expect(waiting.error).toMatchObject({
      code: 'ssh/connection-lost',
      message: expect.stringContaining('closed by this server'),
    });
  });

  it('connects again for the next one when a link broke', async () => {
    const fake = new FakePool();
    const busy = fake.askFor(5);
    await after(150);
    expect(served(busy)).toBe(5);
    fake.links[0]?.break();
    const next = fake.ask();
    await after(150);
    expect(next.channel).not.toBeNull();
    expect(fake.statuses).toContain('offline');
    expect(fake.statuses.at(-1)).toBe('online');
  });
});
