import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { resolve as resolvePath } from 'node:path';
import { types } from 'node:util';
import { SshFailure } from './errors.js';
import { assertUserName, isHostName } from './ssh-target.js';

const RESOLVE_TIMEOUT_MS = 5_000;

/** What the ssh config of the server user says about one host, as the system's `ssh` itself reads it. */
export interface ResolvedSshConfig {
  /** The alias that was asked for. */
  alias: string;
  hostName: string;
  port: number;
  user: string;
  /** Absolute paths; `ssh` lists its defaults here, too, whether they exist or not. */
  identityFiles: string[];
  /** Path of an agent's socket; `SSH_AUTH_SOCK` for the one of the environment; null when `none` or not set. */
  identityAgent: string | null;
  identitiesOnly: boolean;
  proxyJump: string | null;
  proxyCommand: string | null;
  addressFamily: 4 | 6 | null;
  connectTimeoutMs: number | null;
  /** How it was asked for, to ask for others likewise. */
  options: SshConfigOptions;
  /** Every directive by its lower-case name, in order. */
  directives: ReadonlyMap<string, readonly string[]>;
}

export interface SshConfigOptions {
  /** Another file than the user's own; `ssh` then reads no system-wide one either. */
  configPath?: string;
  /** The `ssh` program. */
  sshPath?: string;
  /** Values for `${NAME}` in paths, and the environment of a `ProxyCommand`. */
  environment?: Readonly<Record<string, string | undefined>>;
  signal?: AbortSignal;
}

/** As on the command line of `ssh`: wins over the config, and `Match` sees it. */
export interface SshLogin {
  user?: string;
  port?: number;
}

/**
 * Asks `ssh -G`, so that Include, Match and every default are right. Note that `Match exec` runs commands: the file is
 * the server user's own. Rejects with `ssh/unsupported` when there is no ssh client or the config is broken.
 */
export const resolveSshConfig = async (
  host: string,
  options: SshConfigOptions = {},
  login: SshLogin = {},
): Promise<ResolvedSshConfig> => {
  const at = { name: host, host };
  if (!isHostName(host))
    throw new SshFailure('ssh/unresolved', at, { detail: 'the host name is not valid' });
  if (login.user !== undefined) assertUserName(login.user, at);
  const directives = parseDirectives(await askSsh(host, options, login));
  const only = (name: string): string | null => meaningful(directives.get(name)?.[0]);

  const hostName = only('hostname') ?? host;
  const user = only('user') ?? userInfo().username;
  const port = Number(only('port') ?? '22');
  const environment = options.environment ?? {};
  const expand = pathExpander({ hostName, port, user, alias: host }, environment);
  const agent = only('identityagent');
  const family = only('addressfamily');
  const connectTimeout = Number(only('connecttimeout'));
  return {
    alias: host,
    hostName,
    port,
    user,
    identityFiles: (directives.get('identityfile') ?? [])
      .filter((path) => path !== 'none')
      .map(expand),
    identityAgent:
      agent === null || agent === 'SSH_AUTH_SOCK' ? agent : agentPath(agent, environment, expand),
    identitiesOnly: only('identitiesonly') === 'yes',
    proxyJump: only('proxyjump'),
    proxyCommand: only('proxycommand'),
    addressFamily: family === 'inet' ? 4 : family === 'inet6' ? 6 : null,
    connectTimeoutMs: connectTimeout > 0 ? connectTimeout * 1000 : null,
    options,
    directives,
  };
};

const askSsh = (
  host: string,
  { configPath, sshPath = 'ssh', signal }: SshConfigOptions,
  { user, port }: SshLogin,
): Promise<string> =>
  new Promise((resolve, reject) => {
    const args = [
      '-T',
      '-G',
      ...(configPath === undefined ? [] : ['-F', configPath]),
      ...(user === undefined ? [] : ['-l', user]),
      ...(port === undefined ? [] : ['-p', String(port)]),
      '--',
      host,
    ];
    const execution = {
      timeout: RESOLVE_TIMEOUT_MS,
      killSignal: 'SIGKILL' as const,
      ...(signal ? { signal } : {}),
    };
    execFile(sshPath, args, execution, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (signal?.aborted) reject(signal.reason as Error);
      else reject(configFailure(host, error, stderr));
    });
  });

const configFailure = (
  host: string,
  error: Error & { killed?: boolean },
  stderr: string,
): SshFailure => {
  const at = { name: host, host };
  if (types.isNativeError(error) && 'code' in error && error.code === 'ENOENT') {
    return new SshFailure('ssh/unsupported', at, {
      detail: 'there is no ssh client on this server to read the ssh config with',
      hint: 'Install the OpenSSH client on the server, or enter host, port, user and key of the remote by hand.',
      cause: error,
    });
  }
  const says = stderr
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('Pseudo-terminal'))
    .join('; ');
  return new SshFailure('ssh/unsupported', at, {
    detail: error.killed
      ? 'the ssh config took too long to read (Match exec?)'
      : `ssh config: ${says}`,
    hint: 'Correct the ssh config of the server user: `ssh -G HOST` shows the same error.',
    cause: error,
  });
};

const parseDirectives = (output: string): Map<string, string[]> => {
  const directives = new Map<string, string[]>();
  for (const line of output.split(/\r?\n/)) {
    const space = line.indexOf(' ');
    if (space <= 0) continue;
    const name = line.slice(0, space).toLowerCase();
    const values = directives.get(name);
    if (values) values.push(line.slice(space + 1));
    else directives.set(name, [line.slice(space + 1)]);
  }
  return directives;
};

/** A value that says something. */
export const meaningful = (value: string | undefined): string | null =>
  value === undefined || value === '' || value === 'none' ? null : value;

/** `$NAME` is a variable that holds the path. */
const agentPath = (
  agent: string,
  environment: Readonly<Record<string, string | undefined>>,
  expand: (path: string) => string,
): string => {
  const value =
    agent.startsWith('$') && !agent.startsWith('${') ? environment[agent.slice(1)] : undefined;
  return value ?? expand(agent);
};

/** `ssh -G` leaves tokens, `~` and variables in paths as they were written. */
const pathExpander = (
  { hostName, port, user, alias }: { hostName: string; port: number; user: string; alias: string },
  environment: Readonly<Record<string, string | undefined>>,
): ((path: string) => string) => {
  // As `ssh` does, the home of the account and not of `$HOME`.
  const { username, uid, homedir } = userInfo();
  const tokens: Record<string, string> = {
    '%%': '%',
    '%d': homedir,
    '%h': hostName,
    '%i': String(uid),
    '%n': alias,
    '%p': String(port),
    '%r': user,
    '%u': username,
  };
  return (path) => {
    const expanded = path
      .replace(/^~(?=\/|$)/, homedir)
      .replace(/\$\{([^}]+)\}/g, (whole, name: string) => environment[name] ?? whole)
      .replace(/%[%a-zA-Z]/g, (token) => tokens[token] ?? token);
    return resolvePath(homedir, expanded);
  };
};
