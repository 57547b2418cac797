import { userInfo } from 'node:os';
import { resolve as resolvePath } from 'node:path';
import { SshFailure } from '../errors.js';
import { askSshClient } from './ask-ssh-client.js';
import { type ConfigFiles } from './config-files.js';
import { type SshConfigOptions, type SshLogin } from './question.js';
import { readWithoutClient } from './read-without-client.js';
import { type Tokens, tokensFor } from './tokens.js';
import { assertUserName, isHostName } from '../ssh-target.js';

export { type SshConfigOptions, type SshLogin };

const RESOLVE_TIMEOUT_MS = 5_000;

/** What the ssh config of the server user says about one host, as `ssh` reads it. */
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
  /** By `ssh -G`, and not by this server itself. */
  isReadByClient: boolean;
  /** How it was asked for, to ask for others likewise. */
  options: SshConfigOptions;
  /** Every directive by its lower-case name, in order. */
  directives: ReadonlyMap<string, readonly string[]>;
}

/**
 * Asks `ssh -G`, so that Include, Match and every default are right, and reads the files itself where there is no ssh
 * client. Note that `Match exec` runs commands: the file is the server user's own. Rejects with `ssh/unsupported` when
 * the config is broken, or asks for what only a client can do.
 */
export const resolveSshConfig = async (
  host: string,
  options: SshConfigOptions = {},
  login: SshLogin = {},
): Promise<ResolvedSshConfig> => {
  assertHarmless(host, login);
  return inTime(host, options.signal, async (signal) => {
    const answer = await askSshClient(host, options, login, signal);
    const directives = answer ?? (await readWithoutClient(host, options, login, signal));
    return resolvedFrom(host, options, directives, answer !== null);
  });
};

/** The same from files that are read once for many hosts, without an ssh client. */
export const resolveFromFiles = async (
  host: string,
  options: SshConfigOptions,
  files: ConfigFiles,
): Promise<ResolvedSshConfig> => {
  assertHarmless(host, {});
  return inTime(host, options.signal, async (signal) =>
    resolvedFrom(host, options, await readWithoutClient(host, options, {}, signal, files), false),
  );
};

/** Names that could be options or commands reach no process. */
const assertHarmless = (host: string, { user, port }: SshLogin): void => {
  const at = { name: host, host };
  if (!isHostName(host))
    throw new SshFailure('ssh/unresolved', at, { detail: 'the host name is not valid' });
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
    throw new SshFailure('ssh/unresolved', at, { detail: 'the port is not valid' });
  if (user !== undefined) assertUserName(user, at);
};

const inTime = async <T>(
  host: string,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const limit = AbortSignal.timeout(RESOLVE_TIMEOUT_MS);
  try {
    return await work(outer === undefined ? limit : AbortSignal.any([limit, outer]));
  } catch (cause) {
    if (outer?.aborted || cause !== limit.reason) throw cause;
    throw new SshFailure(
      'ssh/unsupported',
      { name: host, host },
      {
        detail: 'the ssh config took too long to read (Match exec?)',
        hint: 'A command of `Match exec` in the ssh config of the server user does not end.',
        cause,
      },
    );
  }
};

const resolvedFrom = (
  host: string,
  options: SshConfigOptions,
  directives: ReadonlyMap<string, readonly string[]>,
  isReadByClient: boolean,
): ResolvedSshConfig => {
  const only = (name: string): string | null => meaningful(directives.get(name)?.[0]);

  const hostName = only('hostname') ?? host;
  const user = only('user') ?? userInfo().username;
  const port = Number(only('port') ?? '22');
  const environment = options.environment ?? {};
  const naming = { alias: host, hostName, port, user };
  const expand = pathExpander(tokensFor(naming), environment);
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
    isReadByClient,
    options,
    directives,
  };
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
  tokens: Tokens,
  environment: Readonly<Record<string, string | undefined>>,
): ((path: string) => string) => {
  const { homedir } = userInfo();
  return (path) => {
    const expanded = path
      .replace(/^~(?=\/|$)/, homedir)
      .replace(/\$\{([^}]+)\}/g, (whole, name: string) => environment[name] ?? whole)
      .replace(/%[%a-zA-Z]/g, (token) => tokens[token] ?? token);
    return resolvePath(homedir, expanded);
  };
};
