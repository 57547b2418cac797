import { describe, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoopbackSsh } from '../../src/cli/demo/loopback-ssh.js';
import { startLoopbackSshServer } from '../../src/cli/demo/loopback-ssh-server.js';
import { findSshd, startLoopbackSshd } from '../../src/cli/demo/loopback-sshd.js';
import { type SshHost, sshHost } from '../../src/hosts/ssh-host.js';
import { readPrivateKey } from '../../src/hosts/ssh/private-keys.js';
import { hostConformance, type HostUnderTest } from './host.conformance.js';

const hostOn = (remote: LoopbackSsh): SshHost =>
  sshHost({
    id: 'remote',
    name: 'devbox',
    target: async () => ({
      id: 'remote',
      name: 'devbox',
      host: remote.host,
      port: remote.port,
      username: remote.username,
      privateKeys: [
        await readPrivateKey(remote.clientKeyPath, { name: 'devbox', host: remote.host }),
      ],
    }),
    verifyHostKey: async ({ fingerprint }) =>
      fingerprint === remote.hostKeyFingerprint ? 'accept' : { code: 'ssh/host-key-changed' },
  });

const underTest =
  (start: (dir: string) => Promise<LoopbackSsh | null>) => async (): Promise<HostUnderTest> => {
    const dir = await mkdtemp(join(tmpdir(), 'maestro-ssh-'));
    const remote = await start(dir);
    if (!remote) throw new Error('the SSH server did not start');
    const host = hostOn(remote);
    const reopened: SshHost[] = [];
    return {
      host,
      reopen: async () => {
        const again = hostOn(remote);
        reopened.push(again);
        return again;
      },
      cutLink: () => {
        remote.cutConnections();
      },
      close: async () => {
        await Promise.all([host, ...reopened].map((each) => each.close()));
        await remote.stop();
        await rm(dir, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  };

if (findSshd() === null) {
  describe('ssh to a real sshd', () => {
    it.skip('conforms (skipped: no sshd on this machine)', () => undefined);
  });
} else {
  hostConformance('ssh to a real sshd', underTest(startLoopbackSshd));
}
hostConformance('ssh to the server without sshd', underTest(startLoopbackSshServer));
