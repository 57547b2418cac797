import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoopbackSsh } from '../../src/cli/demo/loopback-ssh.js';
import { startLoopbackSshServer } from '../../src/cli/demo/loopback-ssh-server.js';
import { findSshd, startLoopbackSshd } from '../../src/cli/demo/loopback-sshd.js';
import { ConnectionPool } from '../../src/hosts/ssh/pool/connection-pool.js';
import { readPrivateKey } from '../../src/hosts/ssh/private-keys.js';
import { runLine, startLine, TEST_LOADER } from '../support/ssh-pool.js';

const kinds: [string, boolean, (dir: string) => Promise<LoopbackSsh | null>][] = [
  ['sshd', findSshd() !== null, startLoopbackSshd],
  ['the server in this process', true, startLoopbackSshServer],
];

for (const [name, isAvailable, start] of kinds) {
  (isAvailable ? describe : describe.skip)(
    `A loopback remote made of ${name}${isAvailable ? '' : ' (skipped: no sshd on this machine)'}`,
    () => {
      let dir: string;
      let remote: LoopbackSsh;
      let pool: ConnectionPool;
      const fingerprints: string[] = [];

      beforeEach(async () => {
        dir = await mkdtemp(join(tmpdir(), 'maestro-loopback-'));
        const started = await start(dir);
        if (!started) throw new Error('it did not start');
        remote = started;
        fingerprints.length = 0;
        pool = new ConnectionPool({
          name: 'loopback',
          target: async () => ({
            id: 'loopback',
            name: 'loopback',
            host: remote.host,
            port: remote.port,
            username: remote.username,
            privateKeys: [
              await readPrivateKey(remote.clientKeyPath, { name: 'loopback', host: remote.host }),
            ],
          }),
          verifyHostKey: async ({ fingerprint }) => {
            fingerprints.push(fingerprint);
            return 'accept';
          },
          loader: TEST_LOADER,
        });
      });
      afterEach(async () => {
        await pool.close();
        await remote.stop();
        await rm(dir, { recursive: true, force: true });
      });

      it('shows the host key it says it has', async () => {
        await runLine(await pool.open('start'), 'true');
        expect(fingerprints).toEqual([remote.hostKeyFingerprint]);
      });

      it('works in a home of its own', async () => {
        await runLine(await pool.open('start'), 'cd && echo mine >file');
        expect(await readFile(join(remote.home, 'file'), 'utf8')).toBe('mine\n');
        expect(remote.home.startsWith(dir)).toBe(true);
      });

      it('keeps both streams apart and whole, and tells how the program ended', async () => {
        const channel = await pool.open('start');
        channel.stdin.end('head -c 5000000 /dev/zero >&2; echo out; exit 9\n');
        let bytes = 0;
        channel.stderr.on('data', (chunk: Buffer) => (bytes += chunk.length));
        const chunks: Buffer[] = [];
        for await (const chunk of channel.stdout) chunks.push(chunk as Buffer);
        expect(Buffer.concat(chunks).toString()).toBe('out\n');
        expect(await channel.closed).toEqual({ code: 9 });
        expect(bytes).toBe(5_000_000);
        expect(await runLine(await pool.open('start'), 'kill -TERM $$')).toMatchObject({
          code: null,
        });
      });

      it('brings back both streams whole when both write more than the window holds', async () => {
        const channel = await pool.open('start');
        channel.stdin.end(
          'head -c 7000000 /dev/zero >&2 & head -c 7000000 /dev/zero; wait; echo end >&2; echo end\n',
        );
        const bytes = { stdout: 0, stderr: 0 };
        channel.stderr.on('data', (chunk: Buffer) => (bytes.stderr += chunk.length));
        channel.stdout.on('data', (chunk: Buffer) => (bytes.stdout += chunk.length));
        expect(await channel.closed).toEqual({ code: 0 });
        expect(bytes).toEqual({ stdout: 7_000_004, stderr: 7_000_004 });
      });

      it('serves many channels at once', async () => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, async (_, index) =>
            runLine(await pool.open('start'), `echo ${String(index)}`),
          ),
        );
        expect(answers.map(({ output }) => Number(output))).toEqual([...answers.keys()]);
      });

      it('loses its links when told to, and what runs detached goes on', async () => {
        const channel = await pool.open('follow');
        await startLine(
          channel,
          '(trap "" HUP PIPE; sleep 0.3; echo survived >"$HOME/trace") </dev/null >/dev/null 2>&1 & echo started; cat',
        );
        remote.cutConnections();
        await expect(channel.closed).rejects.toMatchObject({ code: 'ssh/connection-lost' });
        const waiting = `until [ -s "$HOME/trace" ]; do sleep 0.05; done; cat "$HOME/trace"`;
        expect((await runLine(await pool.open('start'), waiting)).output).toBe('survived\n');
      });

      it('ends with all its links', async () => {
        const channel = await pool.open('follow');
        await remote.stop();
        await expect(channel.closed).rejects.toMatchObject({ code: 'ssh/connection-lost' });
        await expect(pool.open('start')).rejects.toMatchObject({ code: 'ssh/refused' });
      });
    },
  );
}
