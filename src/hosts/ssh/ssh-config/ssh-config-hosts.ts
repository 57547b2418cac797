import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setImmediate as otherWork } from 'node:timers/promises';
import { DomainError, type Failure, toFailure } from '../../../platform/errors/domain-error.js';
import { SshFailure } from '../errors.js';
import { BrokenConfig, NeedsSshClient } from './config-fault.js';
import { ConfigFiles, rootFilesOf } from './config-files.js';
import {
  resolveFromFiles,
  resolveSshConfig,
  type ResolvedSshConfig,
  type SshConfigOptions,
} from './ssh-config.js';
import { isHostName } from '../ssh-target.js';

export interface SshConfigHost {
  /** The alias. */
  host: string;
  hostName: string;
  port: number;
  user: string;
  /** The first identity file, as `ssh` would try it. */
  identityFile: string | null;
  proxyJump: string | null;
  /** For a list: `alice@10.0.0.7:2222 via bastion`. */
  summary: string;
}

const SIMULTANEOUS = 4;
/** One process for each host would take too long with more. */
const MOST_PROCESSES = 100;
const LISTING_LIMIT_MS = 10_000;

/**
 * The hosts that the server user's ssh config names: no wildcards, no negations, included files too, each once.
 * `error` says what is wrong with the config, or with the first host that could not be resolved; the others are listed.
 */
export const listSshConfigHosts = async (
  options: SshConfigOptions = {},
): Promise<{ path: string; hosts: SshConfigHost[]; error?: Failure }> => {
  const path = options.configPath ?? join(userInfo().homedir, '.ssh', 'config');
  const files = new ConfigFiles(rootFilesOf(options.configPath), options.environment ?? {});
  const hosts: SshConfigHost[] = [];
  const errors: DomainError[] = [];
  const aliases = await aliasesIn(files);
  const resolve = aliases.length > MOST_PROCESSES ? withoutProcess(files) : resolveSshConfig;
  const limit = performance.now() + LISTING_LIMIT_MS;
  for (let start = 0; start < aliases.length; start += SIMULTANEOUS) {
    const chosen = aliases.slice(start, start + SIMULTANEOUS);
    for (const answer of await Promise.allSettled(chosen.map((alias) => resolve(alias, options)))) {
      if (answer.status === 'fulfilled') hosts.push(describe(answer.value));
      else if (answer.reason instanceof DomainError) errors.push(answer.reason);
      else throw answer.reason;
    }
    if (errors.some(({ cause }) => cause instanceof BrokenConfig)) break;
    if (performance.now() > limit) {
      errors.push(unfinished(path, aliases.length - start - chosen.length));
      break;
    }
    await otherWork();
  }
  const [error] = errors;
  return error === undefined ? { path, hosts } : { path, hosts, error: toFailure(error) };
};

const unfinished = (path: string, count: number): SshFailure =>
  new SshFailure(
    'ssh/unsupported',
    { name: path, host: path },
    {
      detail: `${String(count)} of its hosts could not be resolved in ${String(LISTING_LIMIT_MS / 1000)} s`,
      hint: 'Enter the name of the host by hand; a command of `Match exec` may take long.',
    },
  );

/** What only an ssh client can follow still takes one. */
const withoutProcess =
  (files: ConfigFiles) =>
  async (alias: string, options: SshConfigOptions): Promise<ResolvedSshConfig> => {
    try {
      return await resolveFromFiles(alias, options, files);
    } catch (error) {
      if (!(error instanceof SshFailure && error.cause instanceof NeedsSshClient)) throw error;
      return resolveSshConfig(alias, options);
    }
  };

const describe = ({
  alias,
  hostName,
  port,
  user,
  identityFiles,
  proxyJump,
}: ResolvedSshConfig): SshConfigHost => ({
  host: alias,
  hostName,
  port,
  user,
  identityFile: identityFiles[0] ?? null,
  proxyJump,
  summary: `${user}@${hostName}${port === 22 ? '' : `:${String(port)}`}${proxyJump === null ? '' : ` via ${proxyJump}`}`,
});

const isAlias = (pattern: string): boolean => !/[*?!]/.test(pattern) && isHostName(pattern);

/** In the order in which they are written; a file that is included twice says nothing new. */
const aliasesIn = async (files: ConfigFiles): Promise<string[]> => {
  const aliases = new Set<string>();
  const seen = new Set<string>();
  const collect = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { keyword, words } of (await files.lines(path)) ?? []) {
      if (keyword === 'host') for (const word of words?.filter(isAlias) ?? []) aliases.add(word);
      if (keyword !== 'include') continue;
      for (const pattern of words ?? []) {
        // Where it cannot be included, the resolution of a host says so.
        const included = await files.included(pattern, true).catch(() => []);
        for (const file of included) await collect(file);
      }
    }
  };
  for (const { path, isUsers } of files.roots) if (isUsers) await collect(path);
  return [...aliases];
};
