import { spawn } from 'node:child_process';
import { userInfo } from 'node:os';

import { type Channel, type ChannelSource } from '../../src/hosts/channel.js';
import { LOADER_PROGRAM } from '../../src/hosts/runs/loader.js';

/** Loaders on this machine, started by a command of the test that takes the program of the loader as its last argument. */
export class SpawnedChannels implements ChannelSource {
  readonly #open = new Set<Channel>();
  readonly #command: readonly [string, ...string[]];
  readonly #environment: Record<string, string>;

  constructor(
    command: readonly [string, ...string[]],
    { home, path }: { home: string; path: string },
  ) {
    const { username } = userInfo();
    this.#command = command;
    this.#environment = {
      ...{ HOME: home, PATH: path, USER: username, LOGNAME: username, SHELL: '/bin/sh' },
    };
  }

  /** Cuts the links that are open. */
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
