import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

import { type Channel, type ChannelSource } from '../../src/hosts/channel.js';
import { LOADER_PROGRAM } from '../../src/hosts/runs/loader.js';

export const findBusybox = (): string | null =>
  ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path)) ?? null;

const REPLACED = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/bin', '/sbin'];

/**
 * Loaders on this machine that find no programs but those of busybox: in a mount namespace they take the place of all
 * others, `/bin/sh` included. Where that is not allowed they only come first in PATH.
 */
export class BusyboxChannels implements ChannelSource {
  readonly #open = new Set<Channel>();
  readonly #command: readonly [string, ...string[]];
  readonly #environment: Record<string, string>;

  /** @param dir holds the programs, and the home directory as `home`. */
  constructor(dir: string, isAlone: boolean) {
    const bin = join(dir, 'bin');
    if (!existsSync(bin)) {
      mkdirSync(bin);
      mkdirSync(join(dir, 'home'));
      // A copy: the links of `--install` lead to where it is, which will be hidden.
      copyFileSync(findBusybox() ?? 'busybox', join(bin, 'busybox'));
      execFileSync(join(bin, 'busybox'), ['--install', '-s', bin]);
    }
    const mounts = REPLACED.map(
      (path) => `[ -L ${path} ] || [ ! -d ${path} ] || mount --bind ${bin} ${path}`,
    );
    this.#command = isAlone
      ? ['unshare', '-m', 'sh', '-c', `${mounts.join(' && ')} && exec /bin/sh -c "$0"`]
      : [join(bin, 'sh'), '-c'];
    const { username } = userInfo();
    const PATH = isAlone ? '/usr/local/bin:/usr/bin:/bin' : `${bin}:/usr/bin:/bin`;
    const HOME = join(dir, 'home');
    this.#environment = { HOME, USER: username, LOGNAME: username, SHELL: '/bin/sh', PATH };
  }

  cut(): void {
    for (const channel of this.#open) channel.close();
  }

  async open(): Promise<Channel> {
    const [program, ...args] = this.#command;
    const child = spawn(program, [...args, LOADER_PROGRAM], {
      cwd: '/',
      detached: true,
      env: this.#environment,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const { stdin, stdout, stderr } = child;
    const closed = new Promise<{ code: number | null }>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        resolve({ code });
      });
    });
    const channel: Channel = {
      stdin,
      stdout,
      stderr,
      closed,
      close: () => {
        this.#open.delete(channel);
        stdin.end();
        stdout.destroy();
        stderr.destroy();
      },
    };
    this.#open.add(channel);
    closed.catch(() => undefined);
    return channel;
  }
}
