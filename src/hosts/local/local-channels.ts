import { spawn } from 'node:child_process';
import { homedir, userInfo } from 'node:os';

import { type Channel, type ChannelSource } from '../channel.js';
import { LOADER_PROGRAM } from '../runs/loader.js';

export interface LocalChannelsOptions {
  /** Another home directory than that of the user. */
  home?: string;
  /** Where PATH, LANG, TMPDIR, TZ and SHELL are taken from; nothing else of it is passed on. */
  environment?: Readonly<Record<string, string | undefined>>;
}

const PASSED_ON = ['PATH', 'LANG', 'TMPDIR', 'TZ'] as const;

/**
 * Loaders on this machine. They get what a login would give and nothing of the server's own settings: its secrets
 * must never reach an agent. Each is a session of its own, so that Ctrl-C on the server's terminal is not for them.
 */
export class LocalChannels implements ChannelSource {
  readonly #environment: Record<string, string>;

  constructor({ home, environment = {} }: LocalChannelsOptions = {}) {
    const user = userInfo();
    this.#environment = {
      HOME: home ?? homedir(),
      USER: user.username,
      LOGNAME: user.username,
      SHELL: environment['SHELL'] ?? user.shell ?? '/bin/sh',
      PATH: '/usr/local/bin:/usr/bin:/bin',
    };
    for (const name of PASSED_ON) {
      const value = environment[name];
      if (value !== undefined) this.#environment[name] = value;
    }
  }

  async open(): Promise<Channel> {
    const child = spawn('/bin/sh', ['-c', LOADER_PROGRAM], {
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
    closed.catch(() => undefined);
    return {
      stdin,
      stdout,
      stderr,
      closed,
      close: () => {
        stdin.end();
        stdout.destroy();
        stderr.destroy();
      },
    };
  }
}
