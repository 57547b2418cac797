import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { type Remote } from '../../src/modules/remotes/index.js';
import { type TestAnswer } from '../../src/modules/remotes/remotes.schemas.js';
import { BuiltServer } from '../support/built-server.js';
import { sshdAvailable, startSshd } from '../support/sshd.js';

const run = promisify(execFile);

(sshdAvailable() ? describe : describe.skip)(
  'an unknown host key (needs openssh-server and openssh-client)',
  () => {
    it('is known after the remedy was done to the letter, by a shell of the server user', async () => {
      const server = await BuiltServer.start();
      const sshd = await startSshd();
      try {
        const remote = await server.api.post<Remote>('/remotes', {
          name: 'box',
          host: sshd.host,
          port: sshd.port,
          username: sshd.user,
          privateKeyPath: sshd.clientKeyPath,
          hostKeyPolicy: 'strict',
        });
        const test = (): Promise<TestAnswer> => server.api.post(`/remotes/${remote.id}/test`);
        const { error } = await test();
        expect(error?.code).toBe('ssh/host-key-unknown');
        const [, command = ''] = /`(ssh-keyscan [^`]+)`/.exec(error?.hint ?? '') ?? [];
        expect(command).toMatch(/ >> ~\/\.ssh\/known_hosts$/);

        await mkdir(join(server.home, '.ssh'), { recursive: true });
        const env = { ...process.env, HOME: server.home };
        await run('/bin/sh', ['-c', command], { env });
        expect(await test()).toMatchObject({
          ok: true,
          hostKey: { fingerprint: sshd.hostKeyFingerprint },
        });
      } finally {
        await server.stop();
        await sshd.stop();
      }
    });
  },
);
