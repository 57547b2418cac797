import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type ConnectionPool } from '../../src/hosts/ssh/pool/connection-pool.js';
import { type PoolState } from '../../src/hosts/ssh/pool/pool-state.js';
import { isTransient } from '../../src/hosts/transient.js';
import {
  poolFor,
  rejectionOf,
  runLine,
  startLine,
  TEST_LOADER,
  until,
} from '../support/ssh-pool.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';

const onSshd = sshdAvailable() ? describe : describe.skip;
const needs = sshdAvailable() ? '' : ' (skipped: no sshd on this machine)';

const logins = (sshd: TestSshd): number => sshd.log().split('Accepted publickey').length - 1;

onSshd(`A pool of connections to a real sshd${needs}`, () => {
  let sshd: TestSshd;
  let pool: ConnectionPool;
  let states: PoolState[];

  beforeEach(async () => {
    sshd = await startSshd();
    states = [];
    pool = poolFor(sshd, { onState: (state) => states.push(state) });
  });

  afterEach(async () => {
    await pool.close();
    await sshd.stop();
  });

  it('carries all sequential work over one login', async () => {
    for (let round = 0; round < 10; round += 1) {
      const result = await runLine(await pool.open('start'), `echo round ${String(round)}`);
      expect(result).toEqual({ code: 0, output: `round ${String(round)}\n` });
    }
    expect(logins(sshd)).toBe(1);
    expect(states.map(({ status }) => status)).toEqual(['connecting', 'online']);
    expect(states[1]?.latencyMs).toBeGreaterThan(0);
  });

  it('sends what it has without waiting for acknowledgements (Nagle)', async () => {
    const setNoDelay = jest.spyOn(Socket.prototype, 'setNoDelay');
    await runLine(await pool.open('start'), 'true');
    const sockets = setNoDelay.mock.contexts as Socket[];
    expect(sockets.map(({ remotePort }) => remotePort)).toContain(sshd.port);
    setNoDelay.mockRestore();
  });

  it('tells the exit code of a program, and null when a signal killed it', async () => {
    expect(await runLine(await pool.open('start'), 'exit 7')).toMatchObject({ code: 7 });
    expect(await runLine(await pool.open('start'), 'kill -9 $$')).toMatchObject({ code: null });
  });

  it('carries binary input and output of many megabytes unchanged', async () => {
    const channel = await pool.open('bulk');
    const sent = Buffer.alloc(6_000_000, 0).map((_, index) => (index * 31) % 256);
    channel.stdin.write('cat\n');
    channel.stdin.end(sent);
    channel.stderr.resume();
    const chunks: Buffer[] = [];
    for await (const chunk of channel.stdout) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(Buffer.from(sent))).toBe(true);
    expect(await channel.closed).toEqual({ code: 0 });
  });

  it('holds back a writer whose reader does not read', async () => {
    const channel = await pool.open('bulk');
    channel.stdin.write('head -c 20000000 /dev/zero; echo end >&2\n');
    channel.stderr.resume();
    let taken = 0;
    await new Promise<void>((resolve) => {
      channel.stdout.once('data', (chunk: Buffer) => {
        channel.stdout.pause();
        taken += chunk.length;
        resolve();
      });
    });
    const other = await runLine(await pool.open('start'), 'echo still alive');
    expect(other.output).toBe('still alive\n');
    // A window of 2 MiB, and the next one that may have been granted while the first was read.
    expect(channel.stdout.readableLength).toBeLessThan(5_000_000);
    for await (const chunk of channel.stdout) taken += (chunk as Buffer).length;
    expect(taken).toBe(20_000_000);
  });

  describe('with loaders that leave a trace when they start', () => {
    const tracesReach = async (count: number): Promise<void> => {
      let pids: string[] = [];
      const deadline = Date.now() + 60_000;
      while (pids.length < count) {
        if (Date.now() > deadline) throw new Error(`only ${String(pids.length)} loaders`);
        await delay(5);
        const trace = await readFile(join(sshd.home, 'loaders'), 'utf8').catch(() => '');
        pids = trace.split('\n').filter(Boolean);
      }
    };

    beforeEach(async () => {
      await pool.close();
      pool = poolFor(sshd, { loader: `echo $$ >>"$HOME/loaders"; ${TEST_LOADER}` });
    });

    it('has two of them waiting, and hands them out without a word to the server', async () => {
      await runLine(await pool.open('start'), 'true');
      await tracesReach(3);
      // The server knows of the last one a moment before we do; this answer comes after it.
      await runLine(await pool.open('control'), 'true');
      sshd.proxy.mode = 'blackhole';
      const channel = await pool.open('start');
      sshd.proxy.mode = 'pass';
      channel.close();
    });

    it('does not hand out one that died meanwhile', async () => {
      const killer = await pool.open('control');
      await tracesReach(3);
      await runLine(killer, 'for p in $(cat ~/loaders); do [ $p = $$ ] || kill -9 $p; done');
      await tracesReach(5);
      const alive = await Promise.all(
        [1, 2, 3].map(async () => runLine(await pool.open('start'), 'echo alive')),
      );
      expect(alive.map(({ output }) => output)).toEqual(['alive\n', 'alive\n', 'alive\n']);
    });
  });

  it('gives up waiting when asked to, and not the place of others', async () => {
    const small = poolFor(sshd, {
      limits: { maxConnections: 1, channelsPerConnection: 1, warmChannels: 0 },
    });
    try {
      const busy = await small.open('follow');
      const impatient = new AbortController();
      const aborted = small.open('start', impatient.signal);
      const patient = small.open('start');
      impatient.abort(new Error('changed my mind'));
      expect(await rejectionOf(aborted)).toMatchObject({ message: 'changed my mind' });
      busy.close();
      expect((await runLine(await patient, 'echo here')).output).toBe('here\n');
    } finally {
      await small.close();
    }
  });

  it('reports a cut link as lost and transient, and works again with the next request', async () => {
    const channel = await pool.open('follow');
    await startLine(channel, 'echo started; sleep 60');
    sshd.cutConnections();
    const error = await rejectionOf(channel.closed);
    expect(error).toMatchObject({ code: 'ssh/connection-lost' });
    expect(isTransient(error)).toBe(true);
    expect(states.at(-1)).toMatchObject({
      status: 'offline',
      error: { code: 'ssh/connection-lost' },
    });
    expect((await runLine(await pool.open('start'), 'echo again')).output).toBe('again\n');
    expect(states.at(-1)).toMatchObject({ status: 'online', error: null });
  });

  it('never hands out a channel of a link that was lost', async () => {
    (await pool.open('start')).close();
    await until(() => sshd.proxy.links === 1, 'link');
    for (let round = 0; round < 3; round += 1) {
      await runLine(await pool.open('start'), 'true');
      await sshd.killSessions();
      await until(() => sshd.proxy.links === 0, 'link gone');
      await until(() => states.at(-1)?.status === 'offline', 'offline');
      expect((await runLine(await pool.open('start'), 'echo fine')).output).toBe('fine\n');
    }
  });

  it('notices a half-open link by its missing answers', async () => {
    await pool.close();
    pool = poolFor(sshd, { changes: { keepalive: { intervalMs: 1_000, countMax: 3 } } });
    const channel = await pool.open('follow');
    await startLine(channel, 'echo started; sleep 60');
    sshd.proxy.mode = 'blackhole';
    const error = await rejectionOf(channel.closed);
    expect(error).toMatchObject({
      code: 'ssh/connection-lost',
      message: expect.stringContaining('Keepalive'),
    });
    sshd.proxy.mode = 'pass';
    expect((await runLine(await pool.open('start'), 'echo back')).output).toBe('back\n');
  });

  it('refuses at once while it waits after a failed attempt, with the same reason', async () => {
    sshd.proxy.mode = 'refuse';
    const first = await rejectionOf(pool.open('start'));
    const links = logins(sshd);
    const second = await rejectionOf(pool.open('start'));
    expect(first).toMatchObject({ code: 'ssh/connection-lost' });
    expect(second).toBe(first);
    sshd.proxy.mode = 'pass';
    expect(logins(sshd)).toBe(links);
    pool.reset();
    expect((await runLine(await pool.open('start'), 'echo ok')).output).toBe('ok\n');
  });

  it('takes a changed host key as final until it is reset', async () => {
    await runLine(await pool.open('start'), 'true');
    await sshd.restart({ newHostKey: true });
    sshd.cutConnections();
    await until(() => states.at(-1)?.status === 'offline', 'offline');
    const error = await rejectionOf(pool.open('start'));
    expect(error).toMatchObject({
      code: 'ssh/host-key-changed',
      message: expect.stringContaining(sshd.hostKeyFingerprint),
    });
    expect(isTransient(error)).toBe(false);
    expect(states.at(-1)).toMatchObject({ status: 'host-key-changed' });

    const attempts = sshd.log().length;
    expect(await rejectionOf(pool.open('start'))).toBe(error);
    expect(sshd.log()).toHaveLength(attempts);

    pool.reset();
    expect(await rejectionOf(pool.open('start'))).not.toBe(error);
  });

  it('closes connections that nobody uses, and connects again for the next request', async () => {
    const brief = poolFor(sshd, { limits: { idleExtraMs: 50, idleLastMs: 100, warmForMs: 50 } });
    try {
      const channels = await Promise.all(Array.from({ length: 12 }, () => brief.open('follow')));
      expect(brief.size).toBeGreaterThan(1);
      for (const channel of channels) channel.close();
      await until(() => brief.size === 0, 'all idle connections closed');
      expect((await runLine(await brief.open('start'), 'echo hello')).output).toBe('hello\n');
    } finally {
      await brief.close();
    }
  });

  it('keeps a connection that somebody still uses, however quiet it is', async () => {
    const brief = poolFor(sshd, { limits: { idleExtraMs: 20, idleLastMs: 40, warmForMs: 20 } });
    try {
      const quiet = await brief.open('follow');
      const idle = runLine(await brief.open('start'), 'sleep 0.5; echo done');
      expect((await idle).output).toBe('done\n');
      expect((await runLine(quiet, 'echo still here')).output).toBe('still here\n');
    } finally {
      await brief.close();
    }
  });

  it('ends everything when it is closed', async () => {
    const channel = await pool.open('follow');
    await pool.close();
    expect(await rejectionOf(channel.closed)).toMatchObject({ code: 'ssh/connection-lost' });
    expect(await rejectionOf(pool.open('start'))).toMatchObject({ code: 'ssh/connection-lost' });
    await until(() => sshd.proxy.links === 0, 'links closed');
  });
});
