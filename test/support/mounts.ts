import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';

import { SpawnedChannels } from './spawned-channels.js';

/** Whether a process may have mounts of its own here. */
export const canMount = (): boolean => {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/**
 * A command that starts another where `/etc/passwd` gives the user of the tests another home or login shell. Nobody
 * else sees that file, which is kept at `path`.
 */
export const withUser = async (
  path: string,
  { home, shell }: { home?: string; shell?: string },
): Promise<string[]> => {
  const { username } = userInfo();
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => {
    const fields = line.split(':');
    if (fields[0] !== username) return line;
    const [, , , , , homeNow = '', shellNow = ''] = fields;
    return [...fields.slice(0, 5), home ?? homeNow, shell ?? shellNow].join(':');
  });
  await writeFile(path, users.join('\n'), { mode: 0o644 });
  const script = 'mount --bind "$1" /etc/passwd && shift && exec "$@"';
  return ['unshare', '-m', 'sh', '-c', script, 'sh', path];
};

/** Loaders with mounts of their own, which nobody else can see. */
export interface Surroundings {
  channels: SpawnedChannels;
  stop: () => Promise<void>;
}

/** `script` makes the mounts; `$0` is the home directory. */
const surround = async (
  home: string,
  script: string,
): Promise<Surroundings & { inside: readonly string[] }> => {
  const keeper = spawn(
    'unshare',
    ['-m', 'sh', '-c', `${script} && echo mounted && exec cat`, home],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  await once(keeper.stdout, 'data');
  const inside = ['-t', String(keeper.pid), '-m'];
  return {
    inside,
    channels: new SpawnedChannels(['nsenter', ...inside, '/bin/sh', '-c'], {
      home,
      path: '/usr/local/bin:/usr/bin:/bin',
    }),
    stop: async () => {
      const exited = once(keeper, 'exit');
      keeper.stdin.end();
      await exited;
    },
  };
};

export interface SmallDisk extends Surroundings {
  /** From now on it can only be read. */
  freeze(): void;
}

/** Loaders whose home directory is a file system of its own, so small. */
export const smallDisk = async (home: string, megabytes: number): Promise<SmallDisk> => {
  const { inside, ...rest } = await surround(
    home,
    `mount -t tmpfs -o size=${megabytes}m none "$0"`,
  );
  return {
    ...rest,
    freeze: () => {
      execFileSync('nsenter', [...inside, 'mount', '-o', 'remount,ro', home]);
    },
  };
};

/** Loaders on a machine where nothing in /tmp, nor in the home directory, can be executed. */
export const nothingExecutable = async (home: string): Promise<Surroundings> => {
  const { channels, stop } = await surround(
    home,
    'for d in /tmp "$0"; do mount --bind "$d" "$d" && mount -o remount,bind,noexec "$d" || exit 1; done; ' +
      'cp /bin/true "$0/true" && ! "$0/true" 2>/dev/null && rm "$0/true"',
  );
  return { channels, stop };
};
