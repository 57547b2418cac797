import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ConnectionPool } from '../../src/hosts/ssh/pool/connection-pool.js';
import { type SshFailure } from '../../src/hosts/ssh/errors.js';
import { type SshTarget } from '../../src/hosts/ssh/ssh-target.js';
import { pinsOf, targetOver } from '../support/ssh-chain.js';
import { poolFor, rejectionOf, runLine, startLine, targetOf, until } from '../support/ssh-pool.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';

const onSshd = sshdAvailable() ? describe : describe.skip;
const needs = sshdAvailable() ? '' : ' (skipped: no sshd on this machine)';

/** How often somebody has logged in. */
const logins = (sshd: TestSshd): number => sshd.log().split('Accepted publickey').length - 1;

onSshd(`A remote behind jump hosts${needs}`, () => {
  let jump1: TestSshd;
  let jump2: TestSshd;
  let closed: TestSshd;
  let sessionless: TestSshd;
  let inner: TestSshd;
  let pool: ConnectionPool;

  beforeAll(async () => {
    [jump1, jump2, closed, sessionless, inner] = await Promise.all([
      startSshd({ directives: ['LogLevel VERBOSE'] }),
      startSshd({ directives: ['LogLevel VERBOSE'] }),
      startSshd({ directives: ['AllowTcpForwarding no'] }),
      startSshd({ directives: ['MaxSessions 0'] }),
      startSshd(),
    ]);
  });
  afterEach(async () => {
    await pool.close();
  });
  afterAll(async () => {
    await Promise.all([jump1, jump2, closed, sessionless, inner].map((sshd) => sshd.stop()));
  });

  const poolOver = (
    hops: readonly TestSshd[],
    options: Parameters<typeof poolFor>[1] = {},
    changes: Partial<SshTarget> = {},
  ): ConnectionPool => {
    pool = poolFor(inner, {
      target: async () => targetOver(hops, inner, changes),
      verifyHostKey: pinsOf(hops, inner).verifyHostKey,
      ...options,
    });
    return pool;
  };
  const failure = async (
    hops: readonly TestSshd[],
    options: Parameters<typeof poolFor>[1] = {},
    changes: Partial<SshTarget> = {},
  ): Promise<SshFailure> =>
    (await rejectionOf(poolOver(hops, options, changes).open('start'))) as SshFailure;

  it('is worked on over one and over two of them', async () => {
    for (const hops of [[jump1], [jump1, jump2]]) {
      const { output } = await runLine(await poolOver(hops).open('start'), 'echo "$HOME"');
      expect(output).toBe(`${inner.home}\n`);
      await pool.close();
    }
  });

  it.each(['chacha20-poly1305@openssh.com', 'aes128-gcm@openssh.com', 'aes256-ctr'] as const)(
    'is worked on when every host of the way is spoken to with %s',
    async (cipher) => {
      const algorithms = { cipher: [cipher] };
      const { jumps = [], ...inside } = targetOver([jump1, jump2], inner, { algorithms });
      const target = { ...inside, jumps: jumps.map((jump) => ({ ...jump, algorithms })) };
      poolOver([jump1, jump2], { target: async () => target });
      const bytes = 3_000_000;
      const { output } = await runLine(
        await pool.open('start'),
        `head -c ${String(bytes)} /dev/zero | tr "\\0" x`,
      );
      expect(output).toBe('x'.repeat(bytes));
    },
  );

  it('has the key of every host on the way verified, each under its own name', async () => {
    const { asked, verifyHostKey } = pinsOf([jump1, jump2], inner);
    await poolOver([jump1, jump2], { verifyHostKey }).open('start');
    expect(asked).toEqual([
      `127.0.0.1:${String(jump1.port)}`,
      `127.0.0.1:${String(jump2.port)}`,
      null,
    ]);
  });

  it('is not reached over a host whose key has changed, and no key is offered to that host', async () => {
    const { verifyHostKey } = pinsOf([jump1], inner);
    const before = logins(jump2);
    const error = await failure([jump1, jump2], { verifyHostKey });
    expect(error).toMatchObject({
      code: 'ssh/host-key-changed',
      message: expect.stringContaining('devbox via jump2'),
    });
    expect(logins(jump2)).toBe(before);
  });

  it('shares the connection to a host on the way, and leaves it after the last one', async () => {
    const before = logins(jump1);
    const limits = { warmChannels: 0, channelsPerConnection: 1, growAfterMs: 0 };
    poolOver([jump1], { limits });
    const channels = await Promise.all([
      pool.open('control'),
      pool.open('control'),
      pool.open('control'),
    ]);
    await Promise.all(channels.map((channel) => startLine(channel, 'echo in; cat')));
    expect(pool.size).toBe(3);
    expect(logins(jump1)).toBe(before + 1);
    await pool.close();
    await until(() => jump1.proxy.links === 0, 'the jump host is left');
    await Promise.allSettled(channels.map(({ closed: end }) => end));
  });

  it('has one short session on each jump host, after which that host delays no small packets', async () => {
    const sessions = (sshd: TestSshd): number =>
      sshd.log().split('Starting session: command').length - 1;
    const before = [sessions(jump1), sessions(jump2)];
    await runLine(await poolOver([jump1, jump2]).open('start'), 'true');
    await runLine(await pool.open('start'), 'true');
    await until(() => sessions(jump1) > (before[0] ?? 0), 'a session on the first');
    await until(() => sessions(jump2) > (before[1] ?? 0), 'a session on the second');
    await pool.close();
    expect([sessions(jump1), sessions(jump2)]).toEqual(before.map((count) => count + 1));
  });

  it('is reached over a host that gives nobody a session', async () => {
    const { output } = await runLine(await poolOver([sessionless]).open('start'), 'echo through');
    expect(output).toBe('through\n');
  });

  it('is not reached over a host that forwards nothing, which is named with the remedy', async () => {
    expect(await failure([jump1, closed])).toMatchObject({
      code: 'ssh/unsupported',
      message: expect.stringMatching(/via jump2 .*refuses to forward/),
      hint: expect.stringContaining('AllowTcpForwarding'),
    });
  });

  it('that is down is told apart from a jump host that is down', async () => {
    expect(await failure([jump1], {}, { port: 1 })).toMatchObject({
      code: 'ssh/refused',
      message: expect.stringMatching(/^devbox \(.*:1\).*says the jump host/),
    });
    await pool.close();
    const jumps = [targetOf(jump1, { name: 'devbox via jump1', port: 1 })];
    expect(await failure([], {}, { jumps })).toMatchObject({
      code: 'ssh/refused',
      message: expect.stringMatching(/^devbox via jump1 /),
    });
  });

  it('with a name that only the jump host could know, and does not, is unresolved', async () => {
    expect(await failure([jump1], {}, { host: 'no-such-host.invalid' })).toMatchObject({
      code: 'ssh/unresolved',
      message: expect.stringContaining('says the jump host'),
    });
  });

  it('names the jump host that does not let us in, and does not ask it again', async () => {
    const jumps = [
      targetOf(jump1, { name: 'devbox via jump1' }),
      targetOf(jump2, { name: 'devbox via jump2', username: 'nobody-of-that-name' }),
    ];
    expect(
      await failure([], { verifyHostKey: pinsOf([jump1, jump2], inner).verifyHostKey }, { jumps }),
    ).toMatchObject({
      code: 'ssh/auth-failed',
      message: expect.stringContaining('devbox via jump2 (nobody-of-that-name@'),
    });
    await until(() => jump1.proxy.links === 0, 'the first jump host is left');
  });

  it('is lost with its jump host, which is named, and found again', async () => {
    poolOver([jump1, jump2]);
    const channel = await pool.open('start');
    await startLine(channel, 'echo in; cat');
    jump1.cutConnections();
    expect(await rejectionOf(channel.closed)).toMatchObject({
      code: 'ssh/connection-lost',
      message: expect.stringMatching(/^devbox via jump1 /),
    });
    const { output } = await runLine(await pool.open('start'), 'echo back');
    expect(output).toBe('back\n');
  });

  it('is given up when a jump host stops answering', async () => {
    const keepalive = { intervalMs: 100, countMax: 2 };
    poolOver([jump1], {}, { jumps: [targetOf(jump1, { name: 'devbox via jump1', keepalive })] });
    const channel = await pool.open('start');
    await startLine(channel, 'echo in; cat');
    jump1.proxy.mode = 'blackhole';
    try {
      expect(await rejectionOf(channel.closed)).toMatchObject({
        code: 'ssh/connection-lost',
        message: expect.stringMatching(/^devbox via jump1 .*Keepalive/),
      });
    } finally {
      jump1.proxy.mode = 'pass';
      jump1.cutConnections();
    }
  });
});
