import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SshFailure } from '../../src/hosts/ssh/errors.js';
import { ChannelRefused, type LinkChannel } from '../../src/hosts/ssh/link.js';
import { KEEPER } from '../../src/hosts/ssh/openssh/keeper.js';
import { OpensshLink } from '../../src/hosts/ssh/openssh/openssh-link.js';
import { KeyRing } from '../../src/hosts/ssh/private-keys.js';
import { type HostKeyVerifier, type SshTarget } from '../../src/hosts/ssh/ssh-target.js';
import { isTransient } from '../../src/hosts/transient.js';
import { opensshAvailable, overOpenssh } from '../support/openssh.js';
import { makeKeyPair } from '../support/ssh-keys.js';
import {
  poolFor,
  rejectionOf,
  runLine,
  TEST_LOADER,
  targetOf,
  until,
} from '../support/ssh-pool.js';
import { startSshd, type TestSshd } from '../support/sshd.js';
import { pidsWith, until as untilSo } from './conformance/subject.js';

const isPossible = opensshAvailable();
const onOpenssh = isPossible ? describe : describe.skip;
const needs = isPossible ? '' : ' (skipped: no sshd, or no OpenSSH client of 8.7 or newer)';

onOpenssh(`A link by the system's ssh${needs}`, () => {
  let sshd: TestSshd;
  const links: OpensshLink[] = [];

  beforeAll(async () => {
    sshd = await startSshd({ directives: ['MaxSessions 3'] });
  });
  afterEach(async () => {
    await Promise.all(links.splice(0).map((link) => link.close()));
  });
  afterAll(async () => {
    await sshd.stop();
  });

  const open = async (
    changes: Partial<SshTarget> = {},
    verify: HostKeyVerifier = async () => 'accept',
  ): Promise<OpensshLink> => {
    const target = overOpenssh(targetOf(sshd, changes));
    const link = await OpensshLink.open(target, new KeyRing(), verify, ['a test']);
    links.push(link);
    return link;
  };
  const masters = async (): Promise<number[]> => pidsWith(`\0-p\0${String(sshd.port)}\0`);
  /** The private directories of the masters that lead to this server. */
  const directories = async (): Promise<string[]> => {
    const lines = await Promise.all(
      (await masters()).map((pid) =>
        readFile(`/proc/${String(pid)}/cmdline`, 'utf8').catch(() => ''),
      ),
    );
    return [...new Set(lines.flatMap((line) => /\0([^\0]*)\/control\0/.exec(line)?.[1] ?? []))];
  };

  it('tells how a program ended: by its code, also 255, and by a signal', async () => {
    const link = await open();
    for (const [command, code] of [
      ['exit 7', 7],
      ['exit 255', 255],
      ['kill -9 $$', null],
    ] as const) {
      const channel = await link.open(`exec /bin/sh -c '${command}'`);
      channel.stdout.resume();
      channel.stderr.resume();
      expect(await channel.closed).toEqual({ code });
    }
    expect(link.isAlive).toBe(true);
    expect(link.latencyMs).toBeGreaterThan(0);
  });

  it('holds back a program whose output nobody reads', async () => {
    const link = await open();
    const channel = await link.open(`exec /bin/sh -c 'head -c 50000000 /dev/zero; echo done >&2'`);
    let isDone = false;
    channel.stderr.on('data', () => (isDone = true));
    await until(() => channel.stdout.readableLength > 0, 'the first bytes');
    await until(
      () => channel.stdout.readableLength >= channel.stdout.readableHighWaterMark,
      'a full buffer',
    );
    expect(isDone).toBe(false);
    let bytes = 0;
    for await (const chunk of channel.stdout) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(50_000_000);
    expect(await channel.closed).toEqual({ code: 0 });
  });

  it('is told that the server takes no more channels, and goes on', async () => {
    const link = await open();
    const held = await Promise.all([1, 2, 3].map(() => link.open(TEST_LOADER)));
    expect(await rejectionOf(link.open(TEST_LOADER))).toBeInstanceOf(ChannelRefused);
    held[0]?.close();
    await held[0]?.closed;
    expect((await runLine(await link.open(TEST_LOADER), 'echo in')).output).toBe('in\n');
    expect(link.isAlive).toBe(true);
  });

  it('measures the round trip, also when the server takes no more channels', async () => {
    const link = await open();
    expect(await link.measure()).toBeGreaterThan(0);
    const held: LinkChannel[] = [];
    await untilSo(async () => {
      const refusal = await rejectionOf(
        link.open(TEST_LOADER).then((channel) => {
          held.push(channel);
        }),
      );
      return refusal instanceof ChannelRefused && held.length === 3;
    });
    expect(await link.measure()).toBeGreaterThan(0);
    expect(held.every(({ isOpen }) => isOpen)).toBe(true);
  });

  it('takes the loss of its master as that of the connection, once', async () => {
    const link = await open();
    const losses: SshFailure[] = [];
    link.onLost = (failure) => losses.push(failure);
    const channel = await link.open(TEST_LOADER);
    channel.stdin.write('sleep 1000\n');
    for (const pid of await masters()) process.kill(pid, 'SIGKILL');
    const failure = await rejectionOf(channel.closed);
    expect(failure).toMatchObject({ code: 'ssh/connection-lost' });
    expect(isTransient(failure)).toBe(true);
    await until(() => losses.length > 0, 'the loss is told');
    expect(losses).toEqual([failure]);
    expect(link.isAlive).toBe(false);
    expect(await rejectionOf(link.open(TEST_LOADER))).toBe(failure);
  });

  it('is made again for a pool that has lost it', async () => {
    const pool = poolFor(sshd, { target: async () => overOpenssh(targetOf(sshd)) });
    const channel = await pool.open('start');
    for (const pid of await masters()) process.kill(pid, 'SIGKILL');
    await rejectionOf(channel.closed);
    expect((await runLine(await pool.open('start'), 'echo in')).output).toBe('in\n');
    await pool.close();
  });

  it('notices a half-open connection', async () => {
    const link = await open({ keepalive: { intervalMs: 1_000, countMax: 1 } });
    const channel = await link.open(TEST_LOADER);
    sshd.proxy.mode = 'blackhole';
    try {
      expect(await rejectionOf(channel.closed)).toMatchObject({
        code: 'ssh/connection-lost',
        message: expect.stringContaining('not responding'),
      });
    } finally {
      sshd.proxy.mode = 'pass';
    }
  });

  it('leaves no process and no file', async () => {
    const link = await open();
    const channel = await link.open(TEST_LOADER);
    const [directory = ''] = await directories();
    expect(existsSync(join(directory, 'control'))).toBe(true);
    await link.close();
    expect(await rejectionOf(channel.closed)).toMatchObject({ code: 'ssh/connection-lost' });
    expect(await masters()).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });

  it('shows no key to anybody: neither in an argument nor in a file', async () => {
    const path = join(sshd.dir, 'sealed');
    makeKeyPair(path, ['-N', 'open sesame']);
    const authorized = readFileSync(`${path}.pub`);
    appendFileSync(join(sshd.dir, 'authorized_keys'), authorized);
    const content = readFileSync(path);
    const secret = content.toString().split('\n')[5] ?? '';
    const seen: string[] = [];
    await open(
      { privateKeys: [{ source: 'sealed', content, passphrase: 'open sesame' }] },
      async () => {
        for (const directory of await directories()) {
          for (const name of readdirSync(directory)) {
            if (/config|ask$/.test(name)) seen.push(readFileSync(join(directory, name), 'utf8'));
            else seen.push(name);
          }
        }
        for (const text of [secret, 'open sesame']) {
          if ((await pidsWith(text)).length > 0) seen.push(text);
        }
        return 'accept';
      },
    );
    expect(seen.join('\n')).toContain('KnownHostsCommand');
    expect(seen.join('\n')).not.toMatch(/PRIVATE KEY|open sesame/);
    expect(seen.join('\n')).not.toContain(secret);
    expect(seen).toContain('agent');
    // The way to the key is closed once it is not needed any more.
    for (const directory of await directories()) {
      expect(readdirSync(directory)).toEqual(['ask', 'config', 'control']);
    }
  });

  it('ends, and leaves nothing, when the process that uses it is killed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'maestro-keeper-'));
    const marker = join(directory, 'marker');
    const starts = `require('node:child_process').spawn('/bin/sh', ['-c', ...process.argv.slice(1)], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })`;
    const program = ['/bin/sh', '-c', 'sleep 1000; :', marker];
    const user = spawn(process.execPath, ['-e', starts, KEEPER, 'keeper', directory, ...program], {
      stdio: 'ignore',
    });
    const pids = async (): Promise<number[]> =>
      (await pidsWith(marker)).filter((pid) => pid !== user.pid);
    await untilSo(async () => (await pids()).length >= 2);
    user.kill('SIGKILL');
    await untilSo(async () => (await pids()).length === 0 && !existsSync(directory));
  });
});
