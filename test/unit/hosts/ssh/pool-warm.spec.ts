import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type FakeChannel, type FakeLink } from '../../../support/fake-link.js';
import { after, failed, FakePool, served } from '../../../support/fake-pool.js';

describe('The channels that a pool holds ready', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('are opened ever more seldom on a host that ends every loader at once', async () => {
    const fake = new FakePool({ warmChannels: 2 });
    fake.loaderLivesMs = 5;
    fake.ask();
    await after(10_000);
    const [link] = fake.links as [FakeLink];
    expect(link.opened).toBeGreaterThan(4);
    expect(link.opened).toBeLessThan(16);
    await after(600_000);
    expect(link.opened).toBeLessThan(50);
    await fake.pool.close();
  });

  it('are there soon again once the host has let one of them work', async () => {
    const fake = new FakePool({ warmChannels: 2 });
    fake.loaderLivesMs = 5;
    fake.ask();
    await after(100_000);
    const [link] = fake.links as [FakeLink];
    link.loaderLivesMs = null;
    await after(60_000);
    const worker = fake.ask();
    await after(0);
    (worker.channel as FakeChannel).exit(0);
    await after(200);
    expect(link.channels.size).toBe(2);
    for (const channel of [...link.channels]) channel.exit(1);
    await after(300);
    expect(link.channels.size).toBe(2);
    await fake.pool.close();
  });

  it('are replaced at once when they end after a long time', async () => {
    const fake = new FakePool({ warmChannels: 2 });
    fake.loaderLivesMs = 11_000;
    fake.ask();
    await after(60_000);
    const [link] = fake.links as [FakeLink];
    expect(link.opened).toBe(1 + 2 * 6);
    await fake.pool.close();
  });

  it('serve whoever waits when nothing else can be opened: a server with one session', async () => {
    const fake = new FakePool({ warmChannels: 2, maxConnections: 1 }, 1);
    for (const priority of ['follow', 'bulk', 'follow'] as const) {
      const asked = fake.ask(priority);
      await after(5_000);
      expect(served([asked])).toBe(1);
      asked.channel?.close();
      await after(5_000);
    }
    await fake.pool.close();
  });

  it('are used before one more login is made', async () => {
    const fake = new FakePool({ warmChannels: 2 });
    const busy = fake.askFor(7, 'follow');
    await after(1_000);
    expect(fake.links[0]?.opened).toBe(9);
    const more = fake.askFor(2, 'follow');
    await after(1_000);
    expect(served([...busy, ...more])).toBe(9);
    expect(failed(more)).toEqual([]);
    expect(fake.logins).toBe(1);
    await fake.pool.close();
  });
});
