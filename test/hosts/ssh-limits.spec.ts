import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Channel } from '../../src/hosts/channel.js';
import { type ConnectionPool } from '../../src/hosts/ssh/pool/connection-pool.js';
import { poolFor, rejectionOf, runLine, until } from '../support/ssh-pool.js';
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
      const waiting = small.open('bulk', AbortSignal.timeout(60_000));
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

onSshd(`A server with a limit of sessions per connection${needs}`, () => {
  it.each([1, 2, 4, 100])('serves everybody when it allows %d', async (sessions) => {
    const sshd = await startSshd({ directives: [`MaxSessions ${String(sessions)}`] });
    const pool = poolFor(sshd, { limits: { maxConnections: 8 } });
    try {
      const results = await Promise.all(
        Array.from({ length: 24 }, async (_, index) =>
          runLine(await pool.open('start'), `echo ${String(index)}`),
        ),
      );
      expect(results.map(({ output }) => Number(output))).toEqual([...results.keys()]);
      expect(pool.size).toBeLessThanOrEqual(8);
    } finally {
      await pool.close();
      await sshd.stop();
    }
  });

  it('lets control through when every session is taken, over one connection more', async () => {
    const sshd = await startSshd({ directives: ['MaxSessions 1'] });
    const pool = poolFor(sshd, { limits: { maxConnections: 3, warmChannels: 0 } });
    try {
      const busy = await Promise.all([1, 2, 3].map(() => pool.open('follow')));
      const control = await runLine(await pool.open('control'), 'echo cancelled');
      expect(control.output).toBe('cancelled\n');
      expect(pool.size).toBe(4);
      for (const channel of busy) channel.close();
    } finally {
      await pool.close();
      await sshd.stop();
    }
  });

  it('says that no sessions are allowed at all when that is so', async () => {
    const sshd = await startSshd({ directives: ['MaxSessions 0'] });
    const states: string[] = [];
    const pool = poolFor(sshd, {
      limits: { openTimeoutMs: 5_000 },
      onState: ({ status }) => states.push(status),
    });
    try {
      pool.watch(true);
      await until(() => states.at(-1) === 'online', 'online');
      expect(await rejectionOf(pool.open('start'))).toMatchObject({ code: 'ssh/session-limit' });
      expect(pool.size).toBe(1);
    } finally {
      await pool.close();
      await sshd.stop();
    }
  });
});

onSshd(`A server that drops logins when several begin at once${needs}`, () => {
  it('is used by many pools at the same time, and none of their work fails', async () => {
    const sshd = await startSshd({ directives: ['MaxStartups 2:50:5', 'MaxSessions 4'] });
    const pools = [1, 2, 3].map(() => poolFor(sshd, { limits: { openTimeoutMs: 50_000 } }));
    try {
      const firsts: Channel[] = [];
      for (const pool of pools) firsts.push(await pool.open('follow'));
      const rest = await Promise.all(
        pools.flatMap((pool) => Array.from({ length: 12 }, () => pool.open('follow'))),
      );
      const outputs = await Promise.all(
        [...firsts, ...rest].map(async (channel, index) =>
          runLine(channel, `echo ${String(index)}`),
        ),
      );
      expect(outputs.map(({ output }) => Number(output))).toEqual([...outputs.keys()]);
    } finally {
      await Promise.all(pools.map((pool) => pool.close()));
      await sshd.stop();
    }
  });
});

onSshd(`A server that hangs up on newcomers for a moment${needs}`, () => {
  it.each([
    ['without a word', (socket: Socket) => socket.resetAndDestroy()],
    ['and says why', (socket: Socket) => socket.resume().end('Exceeded MaxStartups\r\n')],
  ])('is asked again before the first one who waits is told (%s)', async (_manner, hangUp) => {
    const sshd = await startSshd();
    let newcomers = 0;
    const doorman = createServer((socket) => {
      socket.on('error', () => undefined);
      newcomers += 1;
      if (newcomers <= 2) {
        hangUp(socket);
        return;
      }
      const inside = connect(sshd.port, sshd.host);
      inside.on('error', () => undefined);
      socket.pipe(inside).pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(doorman, 'listening');
    const states: string[] = [];
    const pool = poolFor(sshd, {
      changes: { port: (doorman.address() as AddressInfo).port },
      onState: ({ status }) => states.push(status),
    });
    try {
      expect((await runLine(await pool.open('start'), 'echo in')).output).toBe('in\n');
      expect(newcomers).toBe(3);
      expect(states).toEqual(['connecting', 'online']);
    } finally {
      await pool.close();
      await sshd.stop();
      await promisify(doorman.close.bind(doorman))();
    }
  });
});
