import { describe, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type ChannelSource } from '../../src/hosts/channel.js';
import { ShellHost } from '../../src/hosts/shell/shell-host.js';
import { busyboxChannels, findBusybox } from '../support/busybox.js';
import { canMount } from '../support/mounts.js';
import { hostConformance } from './host.conformance.js';

if (findBusybox() === null) {
  describe('a machine of busybox', () => {
    it.skip('conforms (skipped: no busybox on this machine)', () => undefined);
  });
} else {
  const isAlone = canMount();
  hostConformance(isAlone ? 'busybox alone' : 'busybox first in PATH', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'maestro-busybox-'));
    const hostBy = (channels: ChannelSource): ShellHost =>
      new ShellHost({ id: 'local', kind: 'local', name: 'local', channels });
    const channels = busyboxChannels(dir, isAlone);
    return {
      host: hostBy(channels),
      reopen: async () => hostBy(busyboxChannels(dir, isAlone)),
      cutLink: () => {
        channels.cut();
      },
      close: () => rm(dir, { recursive: true, force: true }),
    };
  });
}
