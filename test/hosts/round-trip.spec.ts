import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type LoopbackSsh } from '../../src/cli/demo/loopback-ssh.js';
import { LoopbackSshd } from '../../src/cli/demo/loopback-sshd.js';
import { type Link } from '../../src/hosts/ssh/link.js';
import { KeyRing } from '../../src/hosts/ssh/private-keys.js';
import { Routes } from '../../src/hosts/ssh/routes.js';
import { findDropbear, startDropbear } from '../support/dropbear.js';
import { canMount } from '../support/mounts.js';
import { sshdAvailable } from '../support/sshd.js';
import { TEST_LOADER } from '../support/ssh-pool.js';

const servers: [string, boolean, (dir: string) => Promise<LoopbackSsh>][] = [
  ['OpenSSH', sshdAvailable(), (dir) => LoopbackSshd.start(dir)],
  ['Dropbear', findDropbear() !== null && canMount(), startDropbear],
];

describe('The round trip to a server', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const connect = async (start: (dir: string) => Promise<LoopbackSsh>): Promise<Link> => {
    const dir = await mkdtemp(join(tmpdir(), 'maestro-round-trip-'));
    ends.push(() => rm(dir, { recursive: true, force: true }));
    const server = await start(dir);
    ends.push(() => server.stop());
    const { host, port, username, clientKeyPath } = server;
    const content = await readFile(clientKeyPath);
    const link = await new Routes(new KeyRing(), () => Promise.resolve('accept')).connect({
      ...{ id: 'r1', name: 'devbox', host, port, username },
      privateKeys: [{ source: clientKeyPath, content }],
    });
    ends.push(() => link.close());
    return link;
  };

  for (const [name, isHere, start] of servers) {
    (isHere ? it : it.skip)(
      `is measured as often as one likes, beside work and without a channel: ${name}${isHere ? '' : ' (not on this machine)'}`,
      async () => {
        const link = await connect(start);
        const channel = await link.open(TEST_LOADER);
        for (let times = 0; times < 20; times += 1) {
          const latencyMs = await link.measure();
          expect(latencyMs).toBeGreaterThan(0);
        }
        channel.stdin.end('exit 7\n');
        channel.stdout.resume();
        channel.stderr.resume();
        expect(await channel.closed).toMatchObject({ code: 7 });
        await link.close();
        await expect(link.measure()).rejects.toMatchObject({ code: 'ssh/connection-lost' });
      },
    );
  }
});
