import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { after, FakePool, served } from '../../../support/fake-pool.js';
import { denied, type FakeLink, lost } from '../../../support/fake-link.js';

const HOUR = 3_600_000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** A connected pool whose links answer after `answerMs`; null: never. */
class Measured {
  readonly fake: FakePool;
  answerMs: number | null = 10;

  constructor(...settings: ConstructorParameters<typeof FakePool>) {
    this.fake = new FakePool(...settings);
  }

  async connect(): Promise<void> {
    const asked = this.fake.ask();
    await after(200);
    expect(served([asked])).toBe(1);
    this.fake.links.forEach((link) => {
      this.measurable(link);
    });
  }

  private measurable(link: FakeLink): void {
    Object.assign(link, {
      measure: () =>
        new Promise<number>((resolve) => {
          const { answerMs } = this;
          if (answerMs !== null)
            setTimeout(() => {
              resolve(answerMs);
            }, answerMs);
        }),
    });
  }
}

describe('A host that is connected', () => {
  it('is looked at again and again, and every change of its round trip that matters is told', async () => {
    const pool = new Measured();
    await pool.connect();
    await after(HOUR);
    expect(pool.fake.statuses).toEqual(['connecting', 'online']);
    expect(pool.fake.states.at(-1)?.latencyMs).toBe(1);
    pool.answerMs = 90;
    await after(120_000);
    expect(pool.fake.statuses).toEqual(['connecting', 'online', 'online']);
    expect(pool.fake.states.at(-1)).toMatchObject({ latencyMs: 90, error: null });
    pool.answerMs = 100;
    await after(HOUR);
    expect(pool.fake.states).toHaveLength(3);
    await pool.fake.pool.close();
  });

  it('is degraded while a connection does not answer, and online when it does again', async () => {
    const pool = new Measured();
    await pool.connect();
    await after(60_000);
    const [link] = pool.fake.links;
    let answer = (): void => undefined;
    Object.assign(link as FakeLink, {
      measure: () =>
        new Promise<number>(
          (resolve) =>
            (answer = () => {
              resolve(20);
            }),
        ),
    });
    await after(30_000);
    expect(pool.fake.statuses).toEqual(['connecting', 'online', 'degraded']);
    expect(pool.fake.states.at(-1)?.error).toMatchObject({ code: 'ssh/timeout' });
    Object.assign(link as FakeLink, { measure: () => Promise.resolve(20) });
    answer();
    await after(30_000);
    expect(pool.fake.statuses).toEqual(['connecting', 'online', 'degraded', 'online']);
    expect(pool.fake.states.at(-1)?.error).toBeNull();
    await pool.fake.pool.close();
  });

  it('is degraded when answers are slow and far slower than usual, not when it is far away', async () => {
    const near = new Measured();
    await near.connect();
    await after(60_000);
    near.answerMs = 2_000;
    await after(30_000);
    expect(near.fake.statuses).toEqual(['connecting', 'online', 'degraded']);
    expect(near.fake.states.at(-1)?.error).toMatchObject({ code: 'ssh/slow' });
    await near.fake.pool.close();

    const far = new Measured();
    far.answerMs = 1_500;
    await far.connect();
    await after(HOUR);
    expect(new Set(far.fake.statuses)).toEqual(new Set(['connecting', 'online']));
    await far.fake.pool.close();
  });

  it('does not become worse or better by a single look', async () => {
    const pool = new Measured();
    await pool.connect();
    await after(60_000);
    for (let looks = 0; looks < 50; looks += 1) {
      pool.answerMs = looks % 2 === 0 ? 2_000 : 10;
      await after(5_000);
    }
    expect(pool.fake.statuses).not.toContain('degraded');
    await pool.fake.pool.close();
  });

  it('is degraded while work waits that no further login can be made for', async () => {
    const pool = new Measured({ maxConnections: 4 }, 1);
    await pool.connect();
    pool.fake.faults.push(denied());
    void pool.fake.ask();
    await after(20_000);
    expect(pool.fake.statuses.slice(0, 3)).toEqual(['connecting', 'online', 'degraded']);
    expect(pool.fake.states.at(-1)?.error).toMatchObject({ code: 'ssh/auth-failed' });
    await pool.fake.pool.close();
  });

  it('loses what does not answer after its machine has slept, and has it again at once', async () => {
    const pool = new Measured();
    pool.fake.pool.watch(true);
    await pool.connect();
    await after(60_000);
    const [link] = pool.fake.links as [FakeLink];
    Object.assign(link, {
      close: async () => {
        link.break();
      },
    });
    pool.answerMs = null;
    // Asleep: the clock goes on, timers do not.
    jest.setSystemTime(Date.now() + 3 * HOUR);
    await after(5_000);
    expect(link.isAlive).toBe(true);
    await after(12_000);
    expect(link.isAlive).toBe(false);
    expect(pool.fake.statuses).toEqual(['connecting', 'online', 'offline', 'online']);
    await pool.fake.pool.close();
  });
});

describe('A host that is away', () => {
  it('is tried for hours at a bearable pace when it is watched, tells that once, and is back within the longest pause', async () => {
    const fake = new FakePool();
    fake.faults.push(...Array.from({ length: 10_000 }, () => lost()));
    fake.pool.watch(true);
    await after(HOUR);
    const inFirstHour = fake.logins;
    await after(HOUR);
    const inSecondHour = fake.logins - inFirstHour;
    expect(inSecondHour).toBeGreaterThanOrEqual(HOUR / 40_000);
    expect(inSecondHour).toBeLessThanOrEqual(HOUR / 15_000);
    expect(fake.mostLogins).toBe(1);
    expect(fake.statuses).toEqual(['connecting', 'offline']);
    expect(jest.getTimerCount()).toBeLessThan(5);
    fake.faults.length = 0;
    await after(40_000);
    expect(fake.statuses).toEqual(['connecting', 'offline', 'online']);
    await fake.pool.close();
  });

  it('is not tried by anything when nobody watches it', async () => {
    const fake = new FakePool();
    fake.faults.push(lost(), lost(), lost(), lost(), lost(), lost(), lost());
    fake.ask();
    await after(60_000);
    const { logins } = fake;
    await after(HOUR);
    expect(fake.logins).toBe(logins);
    await fake.pool.close();
  });

  it('is not tried again after a fault that only a person can heal, until one says so', async () => {
    const fake = new FakePool();
    fake.faults.push(denied(), denied());
    fake.pool.watch(true);
    await after(24 * HOUR);
    expect(fake.logins).toBe(1);
    expect(fake.statuses).toEqual(['connecting', 'auth-failed']);
    fake.pool.reset();
    await after(10_000);
    expect(fake.statuses).toEqual(['connecting', 'auth-failed', 'connecting', 'auth-failed']);
    fake.pool.reset();
    await after(10_000);
    expect(fake.statuses.at(-1)).toBe('online');
    await fake.pool.close();
  });

  it('keeps its last connection while it is watched, and is unused when nobody needs it', async () => {
    const fake = new FakePool();
    fake.pool.watch(true);
    await after(24 * HOUR);
    expect(fake.logins).toBe(1);
    expect(fake.statuses).toEqual(['connecting', 'online']);
    fake.pool.watch(false);
    await after(HOUR);
    expect(fake.statuses).toEqual(['connecting', 'online', 'unused']);
    expect(fake.links[0]?.isAlive).toBe(false);
    await fake.pool.close();
  });
});
