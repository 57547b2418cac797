import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { SpawnedChannels } from './spawned-channels.js';

export const findBusybox = (): string | null =>
  ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path)) ?? null;

const REPLACED = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/bin', '/sbin'];

/**
 * Loaders on this machine that find no programs but those of busybox: in a mount namespace they take the place of all
 * others, `/bin/sh` included. Where that is not allowed they only come first in PATH.
 *
 * @param dir gets the programs, and the home directory as `home`.
 */
export const busyboxChannels = (dir: string, isAlone: boolean): SpawnedChannels => {
  const bin = join(dir, 'bin');
  const home = join(dir, 'home');
  if (!existsSync(bin)) {
    mkdirSync(bin);
    mkdirSync(home);
    // A copy: the links of `--install` lead to where it is, which will be hidden.
    copyFileSync(findBusybox() ?? 'busybox', join(bin, 'busybox'));
    execFileSync(join(bin, 'busybox'), ['--install', '-s', bin]);
  }
  if (!isAlone) {
    return new SpawnedChannels([join(bin, 'sh'), '-c'], { home, path: `${bin}:/usr/bin:/bin` });
  }
  const mounts = REPLACED.map(
    (path) => `[ -L ${path} ] || [ ! -d ${path} ] || mount --bind ${bin} ${path}`,
  );
  return new SpawnedChannels(
    ['unshare', '-m', 'sh', '-c', `${mounts.join(' && ')} && exec /bin/sh -c "$0"`],
    { home, path: '/usr/local/bin:/usr/bin:/bin' },
  );
};
