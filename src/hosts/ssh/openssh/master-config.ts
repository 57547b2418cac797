import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type SshTarget } from '../ssh-target.js';
import { DEFAULT_CONNECT_TIMEOUT_MS, keepaliveOf } from '../ssh2/wire.js';

const ALGORITHMS_OF: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'sk-ssh-ed25519@openssh.com': ['sk-ssh-ed25519@openssh.com'],
  'sk-ecdsa-sha2-nistp256@openssh.com': ['sk-ecdsa-sha2-nistp256@openssh.com'],
};
const SYSTEM_CONFIG = '/etc/ssh/ssh_config';

/**
 * The config of an `ssh` master and of those that it starts for hosts on the way. The first value counts: nothing that
 * the user's config says can make them accept a host key by themselves, ask a person, or use a connection of others.
 */
export const configFor = (target: SshTarget, knownHostsCommand: string): string =>
  [
    'BatchMode yes',
    'StrictHostKeyChecking yes',
    'UserKnownHostsFile /dev/null',
    'GlobalKnownHostsFile /dev/null',
    `KnownHostsCommand ${knownHostsCommand}`,
    'CheckHostIP no',
    'NoHostAuthenticationForLocalhost no',
    'VerifyHostKeyDNS no',
    'UpdateHostKeys no',
    'ControlMaster no',
    'ControlPath none',
    'ControlPersist no',
    'ForkAfterAuthentication no',
    'PermitLocalCommand no',
    'AddKeysToAgent no',
    ...includes(target).map((path) => `Include "${path}"`),
    ...preferredKeyTypes([...(target.jumps ?? []), target]),
    'Host *',
    ...optionsOf(target).map((option) => option.replace('=', ' ')),
    '',
  ].join('\n');

/** The arguments of the master; `identities` are options that say what it may log in with. */
export const argumentsFor = (
  target: SshTarget,
  configPath: string,
  controlPath: string,
  identities: readonly string[],
): string[] => {
  const { username, port, openssh, host, addressFamily, connectTimeoutMs, keepalive } = target;
  const family = addressFamily === undefined ? [] : [`-${String(addressFamily)}`];
  const given = connectTimeoutMs === undefined && keepalive === undefined ? [] : optionsOf(target);
  const options = [
    'ControlMaster=yes',
    'ClearAllForwardings=yes',
    'ForwardAgent=no',
    'ForwardX11=no',
    'Tunnel=no',
    'RemoteCommand=none',
    ...identities,
    ...given,
  ];
  return [
    // Its log tells how far a login has come, and what the server said.
    '-v',
    ...['-F', configPath],
    ...['-S', controlPath],
    ...['-N', '-T', ...family],
    ...options.flatMap((option) => ['-o', option]),
    ...['-l', username],
    ...['-p', String(port)],
    '--',
    openssh?.config?.alias ?? host,
  ];
};

/** Of a host with several keys, the one that is known is asked for, unless the user's config says which. */
const preferredKeyTypes = (hosts: readonly SshTarget[]): string[] => {
  const preferred = new Map<string, Set<string>>();
  for (const { host, knownKeyTypes = [] } of hosts) {
    const algorithms = preferred.get(host) ?? new Set();
    for (const type of knownKeyTypes) {
      for (const algorithm of ALGORITHMS_OF[type] ?? []) algorithms.add(algorithm);
    }
    preferred.set(host, algorithms);
  }
  return [...preferred]
    .filter(([, algorithms]) => algorithms.size > 0)
    .flatMap(([host, algorithms]) => [
      `Match host ${host}`,
      `HostKeyAlgorithms ^${[...algorithms].join(',')}`,
    ]);
};

const includes = ({ openssh }: SshTarget): string[] => {
  if (!openssh?.config) return [];
  const { path } = openssh.config;
  if (path !== undefined) return path === 'none' ? [] : [path];
  return [join(userInfo().homedir, '.ssh', 'config'), SYSTEM_CONFIG];
};

const optionsOf = (target: SshTarget): string[] => {
  const { intervalMs, countMax } = keepaliveOf(target);
  const connectMs = target.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
  return [
    `ConnectTimeout=${seconds(connectMs)}`,
    `ServerAliveInterval=${seconds(intervalMs)}`,
    `ServerAliveCountMax=${String(countMax)}`,
  ];
};

const seconds = (milliseconds: number): string => String(Math.ceil(milliseconds / 1000));
