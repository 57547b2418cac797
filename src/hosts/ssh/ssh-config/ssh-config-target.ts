import { type HostLabel, SshFailure } from '../errors.js';
import { readIdentityFiles } from '../identity-files.js';
import {
  isPlain,
  needsOfAgent,
  needsOfDirectives,
  needsOfIdentityFiles,
} from '../openssh-needs.js';
import { type PrivateKey } from '../private-keys.js';
import { knownHostsFilesFrom } from '../known-hosts/known-hosts-files.js';
import { algorithmsFrom } from './ssh-config-algorithms.js';
import { parseProxyJump } from './ssh-config-jumps.js';
import { meaningful, resolveSshConfig, type ResolvedSshConfig } from './ssh-config.js';
import { type OpensshSettings, type ProxyCommand, type SshTarget } from '../ssh-target.js';

/** Hosts on the way that refer to hosts on the way. */
const LONGEST_WAY = 8;
const DEFAULT_INTERVAL_MS = 15_000;

interface RemoteOfTarget {
  id: string;
  name: string;
  /** The agent of the server's environment. */
  agentSocket?: string;
}

/**
 * Makes a target from what the ssh config says, the hosts on the way to it included.
 *
 * @param ownKeys Instead of what the config names for the host itself; those on the way have theirs from there.
 */
export const targetFromSshConfig = async (
  resolved: ResolvedSshConfig,
  remote: RemoteOfTarget,
  ownKeys: readonly PrivateKey[] = [],
): Promise<SshTarget> => {
  const target = await targetOf(resolved, remote, ownKeys);
  const jumps = await jumpsOf(resolved, remote, target, LONGEST_WAY);
  return jumps.length === 0 ? target : { ...target, jumps };
};

const targetOf = async (
  resolved: ResolvedSshConfig,
  { id, name, agentSocket: environmentAgent }: RemoteOfTarget,
  ownKeys: readonly PrivateKey[] = [],
): Promise<SshTarget> => {
  const { hostName, port, user, addressFamily, connectTimeoutMs, directives } = resolved;
  const at = { name, host: hostName, port, username: user };
  const { needs, ...login } =
    ownKeys.length > 0
      ? { privateKeys: ownKeys, ownsKeys: true, needs: [] }
      : await identitiesOf(resolved, environmentAgent, at);
  const proxyCommand = proxyCommandOf(resolved, at);
  const { algorithms, impossible } = await algorithmsFrom(resolved);
  const hostKeyAlias = meaningful(directives.get('hostkeyalias')?.[0]);
  const reasons = [...new Set([...needsOfDirectives(resolved), ...impossible, ...needs])];
  return {
    ...at,
    id,
    ...login,
    keepalive: keepaliveFrom(directives),
    knownHostsFiles: knownHostsFilesFrom(directives),
    openssh: opensshSettings(resolved, environmentAgent),
    ...(reasons.length === 0 ? {} : { transport: { kind: 'openssh', reasons } }),
    ...(addressFamily === null ? {} : { addressFamily }),
    ...(connectTimeoutMs === null ? {} : { connectTimeoutMs }),
    ...(proxyCommand === null ? {} : { proxyCommand }),
    ...(algorithms === undefined ? {} : { algorithms }),
    ...(hostKeyAlias === null ? {} : { hostKeyAlias }),
  };
};

const identitiesOf = async (
  resolved: ResolvedSshConfig,
  environmentAgent: string | undefined,
  at: HostLabel,
): Promise<Pick<SshTarget, 'privateKeys' | 'agentSocket' | 'agentKeys'> & { needs: string[] }> => {
  const { identityFiles, identitiesOnly } = resolved;
  const agentSocket = agentOf(resolved, environmentAgent);
  const { privateKeys, publicKeys } = await readIdentityFiles(
    identityFiles,
    at,
    agentSocket !== undefined,
  );
  const needs = await needsOfIdentityFiles(identityFiles);
  if (!privateKeys.some(isPlain)) needs.push(...(await needsOfAgent(resolved, agentSocket)));
  return {
    needs,
    privateKeys,
    ...(agentSocket === undefined ? {} : { agentSocket }),
    ...(identitiesOnly ? { agentKeys: publicKeys } : {}),
  };
};

const opensshSettings = (
  { alias, options: { configPath, sshPath, environment } }: ResolvedSshConfig,
  environmentAgent: string | undefined,
): OpensshSettings => ({
  environment: {
    ...environment,
    ...(environmentAgent === undefined ? {} : { SSH_AUTH_SOCK: environmentAgent }),
  },
  config: { alias, ...(configPath === undefined ? {} : { path: configPath }) },
  ...(sshPath === undefined ? {} : { sshPath }),
});

/** As `ssh` does it: the nearest host is reached as its own config says, each other one over the host before it. */
const jumpsOf = async (
  { proxyJump, options }: ResolvedSshConfig,
  remote: RemoteOfTarget,
  at: HostLabel,
  longest: number,
): Promise<SshTarget[]> => {
  if (proxyJump === null) return [];
  if (longest === 0) {
    throw new SshFailure('ssh/unsupported', at, {
      detail: `ProxyJump ${proxyJump} leads in a circle, or over too many hosts`,
      hint: 'Write `ProxyJump none` for the host that is reached directly, above `Host *`.',
    });
  }
  const way: SshTarget[] = [];
  for (const [index, { host, ...login }] of parseProxyJump(proxyJump, at).entries()) {
    const resolved = await resolveSshConfig(host, options, login);
    const hop = await targetOf(resolved, { ...remote, name: `${remote.name} via ${host}` });
    if (index === 0) way.push(...(await jumpsOf(resolved, remote, hop, longest - 1)));
    way.push(hop);
  }
  return way;
};

const agentOf = (
  { identityAgent, directives }: ResolvedSshConfig,
  environmentAgent: string | undefined,
): string | undefined => {
  if (directives.get('identityagent')?.[0] === 'none') return undefined;
  return identityAgent === null || identityAgent === 'SSH_AUTH_SOCK'
    ? environmentAgent
    : identityAgent;
};

const keepaliveFrom = (
  directives: ResolvedSshConfig['directives'],
): { intervalMs: number; countMax: number } => {
  const seconds = Number(directives.get('serveraliveinterval')?.[0] ?? 0);
  const count = Number(directives.get('serveralivecountmax')?.[0] ?? 3);
  return {
    intervalMs: seconds > 0 ? seconds * 1000 : DEFAULT_INTERVAL_MS,
    countMax: Math.max(1, count),
  };
};

/** Letters that mean nothing to a shell. */
const HARMLESS_IN_SHELL = /^[\p{L}\p{N}_.:@%+-]*$/u;

const proxyCommandOf = (
  { proxyCommand, hostName, port, user, alias, options }: ResolvedSshConfig,
  at: HostLabel,
): ProxyCommand | null => {
  if (proxyCommand === null) return null;
  const tokens: Record<string, string> = {
    '%%': '%',
    '%h': hostName,
    '%n': alias,
    '%p': String(port),
    '%r': user,
  };
  const command = proxyCommand.replace(/%./g, (token) => {
    const value = tokens[token];
    if (value !== undefined && HARMLESS_IN_SHELL.test(value)) return value;
    throw new SshFailure('ssh/unsupported', at, {
      detail: `the ssh config uses ${token} in ProxyCommand${value === undefined ? '' : `, which is ${value}`}`,
      hint: 'ProxyCommand may use %h, %p, %r, %n and %%, with values that mean nothing to a shell.',
    });
  });
  return { command, environment: options.environment ?? {} };
};
