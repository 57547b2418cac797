import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ConnectionPool } from '../../src/hosts/ssh/connection-pool.js';
import { poolFor, rejectionOf, runLine } from '../support/ssh-pool.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';

const onSshd = sshdAvailable() ? describe : describe.skip;
const needs = sshdAvailable() ? '' : ' (skipped: no sshd on this machine)';

onSshd(`A server with the usual limits${needs}`, () => {
  let sshd: TestSshd;
  let pool: ConnectionPool;

  beforeEach(async () => {
    sshd = await startSshd();
    pool = poolFor(sshd);
  });
  afterEach(async () => {
    await pool.close();
    await sshd.stop();
  });

  it('serves sixty simultaneous requests although the server allows ten sessions per connection', async () => {
    const results = await Promise.all(
      Array.from({ length: 60 }, async (_, index) =>
        runLine(await pool.open('start'), `sleep 0.1; echo ${String(index)}`),
      ),
    );
    expect(results.map(({ output }) => Number(output))).toEqual([...results.keys()]);
    expect(pool.size).toBeGreaterThan(1);
    expect(pool.size).toBeLessThanOrEqual(8);
  });

  it('lets control through when all other channels are taken', async () => {
    const small = poolFor(sshd, {
      limits: { maxConnections: 1, channelsPerConnection: 4, warmChannels: 0 },
    });
    try {
      const busy = await Promise.all([1, 2, 3].map(() => small.open('follow')));
      const waiting = small.open('bulk', AbortSignal.timeout(10_000));
      waiting.catch(() => undefined);
      const control = await runLine(await small.open('control'), 'echo cancelled');
      expect(control.output).toBe('cancelled\n');
      busy[0]?.close();
      expect((await runLine(await waiting, 'echo my turn')).output).toBe('my turn\n');
    } finally {
      await small.close();
    }
  });
});

onSshd(`A server that allows a single session${needs}`, () => {
  it('still serves everybody, one connection each', async () => {
    const sshd = await startSshd({ directives: ['MaxSessions 1'] });
    const pool = poolFor(sshd);
    try {
      const results = await Promise.all(
        Array.from({ length: 12 }, async (_, index) =>
          runLine(await pool.open('start'), `echo ${String(index)}`),
        ),
      );
      expect(results.map(({ output }) => Number(output))).toEqual([...results.keys()]);
    } finally {
      await pool.close();
      await sshd.stop();
    }
  });

  it('says that no sessions are allowed at all when that is so', async () => {
    const sshd = await startSshd({ directives: ['MaxSessions 0'] });
    const pool = poolFor(sshd, { limits: { openTimeoutMs: 400 } });
    try {
      expect(await rejectionOf(pool.open('start'))).toMatchObject({ code: 'ssh/session-limit' });
    } finally {
      await pool.close();
      await sshd.stop();
    }
  });
});
