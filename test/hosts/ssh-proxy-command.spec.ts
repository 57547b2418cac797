import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectionPool } from '../../src/hosts/ssh/pool/connection-pool.js';
import { type SshFailure } from '../../src/hosts/ssh/errors.js';
import { type SshTarget } from '../../src/hosts/ssh/ssh-target.js';
import { poolFor, rejectionOf, runLine, startLine, until } from '../support/ssh-pool.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';

const onSshd = sshdAvailable() ? describe : describe.skip;
const needs = sshdAvailable() ? '' : ' (skipped: no sshd on this machine)';

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

onSshd(`A remote behind a ProxyCommand${needs}`, () => {
  let sshd: TestSshd;
  let pool: ConnectionPool;
  let pidFile: string;

  beforeAll(async () => {
    sshd = await startSshd();
    pidFile = join(sshd.dir, 'proxy.pid');
  });
  afterEach(async () => {
    await pool.close();
  });
  afterAll(async () => {
    await sshd.stop();
  });

  /** Relays its standard input and output to sshd. */
  const relay = (): string => {
    const program = `const s=require('net').connect(${String(sshd.port)},'127.0.0.1');process.stdin.pipe(s).pipe(process.stdout)`;
    return `"${process.execPath}" -e "${program}"`;
  };
  const poolBy = (command: string, changes: Partial<SshTarget> = {}): ConnectionPool => {
    pool = poolFor(sshd, {
      changes: {
        // Not reachable by itself.
        port: 1,
        proxyCommand: { command, environment: { PATH: process.env['PATH'], MARK: 'given' } },
        ...changes,
      },
    });
    return pool;
  };
  const failure = async (command: string, changes?: Partial<SshTarget>): Promise<SshFailure> =>
    (await rejectionOf(poolBy(command, changes).open('start'))) as SshFailure;
  const pid = (): number => Number(readFileSync(pidFile, 'utf8'));

  it('is worked on through it, with the environment that it was given', async () => {
    const mark = join(sshd.dir, 'mark');
    poolBy(`sh -c 'echo "$MARK" > ${mark}; exec ${relay().replaceAll("'", `'\\''`)}'`);
    expect((await runLine(await pool.open('start'), 'echo "$HOME"')).output).toBe(`${sshd.home}\n`);
    expect(readFileSync(mark, 'utf8')).toBe('given\n');
  });

  it('leaves nothing of it behind: the program and what it has started end with the connection', async () => {
    poolBy(
      `sh -c 'sleep 1000 & echo $! > ${pidFile}; ${relay().replaceAll("'", `'\\''`)}; exit 0'`,
    );
    await startLine(await pool.open('start'), 'echo in; cat');
    expect(isRunning(pid())).toBe(true);
    await pool.close();
    await until(() => !isRunning(pid()), 'what the program had started has ended');
  });

  it('is lost when the program is killed, and found again', async () => {
    poolBy(`sh -c 'echo $$ > ${pidFile}; exec ${relay().replaceAll("'", `'\\''`)}'`);
    const channel = await pool.open('start');
    await startLine(channel, 'echo in; cat');
    process.kill(pid(), 'SIGKILL');
    expect(await rejectionOf(channel.closed)).toMatchObject({ code: 'ssh/connection-lost' });
    expect((await runLine(await pool.open('start'), 'echo back')).output).toBe('back\n');
  });

  it.each([
    ['echo nc: connect failed: Connection refused', 'ssh/refused'],
    ['echo ssh: Could not resolve hostname gate', 'ssh/unresolved'],
    ['echo "alice@gate: Permission denied (publickey)."', 'ssh/auth-failed'],
    ['echo Host key verification failed.', 'ssh/host-key-unknown'],
    ['echo something else', 'ssh/connection-lost'],
  ])('tells in its own words why it does not lead there: %s', async (says, code) => {
    const words = says.replace(/^echo "?|"$/g, '');
    const error = await failure(`sh -c '${says} >&2; exit 3'`);
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(`ProxyCommand ended with 3: ${words}`),
    });
  });

  it('is not supported when the program does not exist', async () => {
    expect(await failure('no-such-program-here')).toMatchObject({
      code: 'ssh/unsupported',
      message: expect.stringContaining('no-such-program-here'),
    });
  });

  it('is not waited for longer than for any other, and a stubborn program is killed', async () => {
    const error = await failure(
      `sh -c 'trap "" TERM; echo $$ > ${pidFile}; while :; do sleep 1; done'`,
      {
        connectTimeoutMs: 5_000,
      },
    );
    expect(error).toMatchObject({ code: 'ssh/timeout' });
    expect(existsSync(pidFile)).toBe(true);
    await until(() => !isRunning(pid()), 'the program is killed');
  });
});
