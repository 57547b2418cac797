import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { SshFailure } from '../errors.js';
import { KnownHosts } from './known-hosts.js';
import { type SshTarget } from '../ssh-target.js';

/** Far more than anybody has; what is larger is no list of hosts. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Where OpenSSH looks unless its config says otherwise: the server user's own files, then the system's. OpenSSH takes
 * the home of the account, a shell that writes to `~/.ssh/known_hosts` that of `$HOME`: both count.
 */
export const defaultKnownHostsFiles = (): string[] => [
  ...[...new Set([homedir(), userInfo().homedir])].flatMap((home) => [
    join(home, '.ssh', 'known_hosts'),
    join(home, '.ssh', 'known_hosts2'),
  ]),
  '/etc/ssh/ssh_known_hosts',
  '/etc/ssh/ssh_known_hosts2',
];

/**
 * Takes `UserKnownHostsFile` and `GlobalKnownHostsFile` from what `ssh -G` prints: several paths without quotes, so that
 * a space may also belong to a path.
 */
export const knownHostsFilesFrom = (
  directives: ReadonlyMap<string, readonly string[]>,
): readonly string[] => {
  const { homedir: home } = userInfo();
  return ['userknownhostsfile', 'globalknownhostsfile']
    .flatMap((directive) => directives.get(directive)?.[0]?.split(/ (?=[/~])/) ?? [])
    .filter((path) => path !== 'none')
    .map((path) => resolve(home, path.replace(/^~(?=\/)/, home)));
};

/** Reads the files that count for this host. One that is missing or must not be read says nothing, as for `ssh`. */
export const readKnownHosts = async (target: SshTarget): Promise<KnownHosts> => {
  const files = target.knownHostsFiles ?? defaultKnownHostsFiles();
  const parts = await Promise.all(
    files.map(async (file) => KnownHosts.parse(await textOf(file, target), file)),
  );
  return KnownHosts.all(parts);
};

/** A host as known_hosts has it: `devbox`, and `[devbox]:2222` where the port is not the usual one. */
export const knownHostName = ({ hostKeyAlias, host, port }: SshTarget): string => {
  if (hostKeyAlias !== undefined) return hostKeyAlias;
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${String(port)}`;
};

/**
 * The name without its port, or null where that is the same. `ssh` accepts the key of a line for `devbox` from
 * `[devbox]:2222` as well, as long as nothing is known of that port; another key there is no change.
 */
export const nameWithoutPort = ({ hostKeyAlias, host, port }: SshTarget): string | null =>
  hostKeyAlias !== undefined || port === 22 ? null : host.toLowerCase();

const textOf = async (path: string, target: SshTarget): Promise<string> => {
  // A pipe without a writer would never be open otherwise.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
  if (!file) return '';
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return '';
    if (stat.size > MAX_BYTES) {
      throw new SshFailure('ssh/unsupported', target, {
        detail: `${path} is larger than ${String(MAX_BYTES / 1024 / 1024)} MiB`,
        hint: 'Clean the file up: it must list known hosts, one per line.',
      });
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
};
