import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type LoopbackSsh } from '../../../src/cli/demo/loopback-ssh.js';
import { readPrivateKey } from '../../../src/hosts/ssh/private-keys.js';
import { type SshHost, sshHost } from '../../../src/hosts/ssh-host.js';
import { type HostUnderTest } from './subject.js';

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

/** A host behind an SSH server that is started for it in a directory of its own. */
export const overSsh =
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
