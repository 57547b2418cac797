import { describe, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ShellHost } from '../../src/hosts/shell/shell-host.js';
import { canMount, nothingExecutable } from '../support/mounts.js';
import { hostConformance } from './host.conformance.js';

if (canMount()) {
  hostConformance('a machine whose /tmp and home are mounted noexec', async () => {
    const home = await mkdtemp(join(tmpdir(), 'maestro-noexec-'));
    const { channels, stop } = await nothingExecutable(home);
    const host = (): ShellHost =>
      new ShellHost({ id: 'local', kind: 'local', name: 'local', channels });
    return {
      host: host(),
      reopen: async () => host(),
      cutLink: () => {
        channels.cut();
      },
      close: async () => {
        await stop();
        await rm(home, { recursive: true, force: true });
      },
    };
  });
} else {
  describe('a machine whose /tmp and home are mounted noexec', () => {
    it.skip('conforms (skipped: no mounts of its own for a test here)', () => undefined);
  });
}
