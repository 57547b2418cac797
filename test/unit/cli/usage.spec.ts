import { afterEach, describe, expect, it } from '@jest/globals';
import { aRemote } from './answers.js';
import { FakeServer, maestro } from './fake-server.js';

const sums = {
  ...{ turns: 2, inputTokens: 900, outputTokens: 70, cacheReadTokens: 4_000 },
  ...{ cacheWriteTokens: 100, reasoningTokens: null, costUsd: 0.0123, costIsEstimate: false },
};
const unpriced = { ...sums, turns: 1, costUsd: null };
const REMOTE_ID = '019a0000-0000-7000-8000-0000000000b1';
const prices = { source: 'list', version: '1', date: '2026-09-23' };

describe('What was used, on the command line', () => {
  let server: FakeServer;
  afterEach(() => server.stop());

  const asked = (...argv: string[]): ReturnType<typeof maestro> =>
    maestro(server, ['usage', '--time-zone', 'UTC', ...argv]);

  it('is a table with its total', async () => {
    const items = [
      { key: '2026-11-23', ...sums },
      { key: null, ...unpriced },
    ];
    server = (await FakeServer.start()).on('GET /usage', {
      body: { items, total: { ...sums, turns: 3 }, prices },
    });
    const { stdout, exitCode } = await asked();
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['DAY', 'TURNS', 'IN', 'CACHED', 'OUT', 'USD'],
      ['2026-11-23', '2', '1000', '4000', '70', '0.0123'],
      ['-', '1', '1000', '4000', '70', '?'],
      ['total', '3', '1000', '4000', '70', '0.0123'],
      [''],
    ]);
    expect(Object.fromEntries(server.calls.at(-1)?.query ?? [])).toEqual({
      ...{ by: 'day', timeZone: 'UTC', limit: '200' },
    });
  });

  it('is all of it, however many pages that are', async () => {
    const total = { ...sums, turns: 4 };
    const first = { items: [{ key: 'a', ...sums }], nextCursor: 'next', total, prices };
    const second = { items: [{ key: 'b', ...sums }], nextCursor: null, total, prices };
    server = (await FakeServer.start()).on('GET /usage', ({ query }) => ({
      body: query.get('cursor') === 'next' ? second : first,
    }));
    const { stdout } = await asked('--by', 'session', '--json');
    const items = [...first.items, ...second.items];
    expect(JSON.parse(stdout)).toMatchObject({ items, nextCursor: null, total });
  });

  it('says which costs are estimates, and how old the prices are', async () => {
    const total = { ...sums, costIsEstimate: true };
    server = (await FakeServer.start()).on('GET /usage', { body: { items: [], total, prices } });
    const { stdout } = await asked('--by', 'model');
    expect(stdout).toContain('~0.0123');
    expect(stdout).toContain('2026-09-23');
  });

  it('is asked of a remote by its name, and of this machine', async () => {
    server = (await FakeServer.start())
      .list('/remotes', [aRemote()])
      .on('GET /usage', { body: { items: [], total: sums, prices } });
    await asked('--remote', 'box', '--by', 'session', '--from', '2026-11-01T00:00:00Z');
    expect(Object.fromEntries(server.calls.at(-1)?.query ?? [])).toMatchObject({
      ...{ by: 'session', remoteId: REMOTE_ID, from: '2026-11-01T00:00:00Z' },
    });
    await asked('--remote', 'local');
    expect(server.calls.at(-1)?.query.get('remoteId')).toBe('local');
  });
});
