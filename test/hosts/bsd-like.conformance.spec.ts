import { describe, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ShellHost } from '../../src/hosts/shell/shell-host.js';
import { canMount } from '../support/mounts.js';
import { SpawnedChannels } from '../support/spawned-channels.js';
import { hostConformance } from './host.conformance.js';

/** What macOS lacks, hidden behind programs that fail for us; perl too, so that only the job control of the shell is left. */
const SHIMS = {
  setsid: 'case "$1" in -f|/bin/sh) exit 127;; *) exec /usr/bin/setsid "$@";; esac',
  perl: 'exit 127',
  tail: 'case "$1" in --version) exit 1;; esac; exec /usr/bin/tail "$@"',
  uname: 'case "$1" in -s) echo Darwin;; *) exec /usr/bin/uname "$@";; esac',
};

const channelsIn = async (dir: string): Promise<SpawnedChannels> => {
  const bin = join(dir, 'bin');
  await mkdir(bin, { recursive: true });
  await mkdir(join(dir, 'home'), { recursive: true });
  for (const [name, script] of Object.entries(SHIMS)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  const script = 'mount --bind /bin/bash "$(readlink -f /bin/sh)" && exec /bin/sh -c "$0"';
  return new SpawnedChannels(['unshare', '-m', 'sh', '-c', script], {
    home: join(dir, 'home'),
    path: `${bin}:/usr/local/bin:/usr/bin:/bin`,
  });
};

if (existsSync('/bin/bash') && canMount()) {
  hostConformance('bash as sh, its job control and a tail as of BSD', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'maestro-bsd-'));
    const hostBy = (channels: SpawnedChannels): ShellHost =>
      new ShellHost({ id: 'local', kind: 'local', name: 'local', channels });
    const channels = await channelsIn(dir);
    return {
      host: hostBy(channels),
      reopen: async () => hostBy(await channelsIn(dir)),
      cutLink: () => {
        channels.cut();
      },
      close: () => rm(dir, { recursive: true, force: true }),
    };
  });
} else {
  describe('bash as sh', () => {
    it.skip('conforms (skipped: no bash, or it cannot be mounted as sh here)', () => undefined);
  });
}
