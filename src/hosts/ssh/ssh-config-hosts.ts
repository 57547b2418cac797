import { readdir, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { types } from 'node:util';
import { DomainError, type Failure, toFailure } from '../../platform/errors/domain-error.js';
import { resolveSshConfig, type ResolvedSshConfig, type SshConfigOptions } from './ssh-config.js';
import { isHostName } from './ssh-target.js';

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

const INCLUDE_DEPTH = 16;
const SIMULTANEOUS = 4;

/** The hosts that the server user's ssh config names: no wildcards, no negations, included files too. */
export const listSshConfigHosts = async (
  options: SshConfigOptions = {},
): Promise<{ path: string; hosts: SshConfigHost[]; error?: Failure }> => {
  const sshDirectory = join(userInfo().homedir, '.ssh');
  const path = options.configPath ?? join(sshDirectory, 'config');
  const aliases = [...new Set(await readAliases(path, sshDirectory, 0))];
  const hosts: SshConfigHost[] = [];
  let error: Failure | undefined;
  for (let start = 0; start < aliases.length; start += SIMULTANEOUS) {
    const answers = await Promise.allSettled(
      aliases.slice(start, start + SIMULTANEOUS).map((alias) => resolveSshConfig(alias, options)),
    );
    for (const answer of answers) {
      if (answer.status === 'fulfilled') hosts.push(describe(answer.value));
      else if (answer.reason instanceof DomainError) error ??= toFailure(answer.reason);
      else throw answer.reason;
    }
  }
  return error === undefined ? { path, hosts } : { path, hosts, error };
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

/** Relative includes count from `~/.ssh`; a file that is not there includes nothing. */
const readAliases = async (
  path: string,
  sshDirectory: string,
  depth: number,
): Promise<string[]> => {
  if (depth > INCLUDE_DEPTH) return [];
  const aliases: string[] = [];
  for (const line of (await readIfPresent(path)).split(/\r?\n/)) {
    const [keyword = '', ...values] = wordsOf(line);
    if (keyword.toLowerCase() === 'host') aliases.push(...values.filter(isAlias));
    if (keyword.toLowerCase() !== 'include') continue;
    for (const pattern of values) {
      const expanded = pattern.replace(/^~(?=\/|$)/, userInfo().homedir);
      const absolute = isAbsolute(expanded) ? expanded : resolve(sshDirectory, expanded);
      for (const file of await filesMatching(absolute)) {
        aliases.push(...(await readAliases(file, sshDirectory, depth + 1)));
      }
    }
  }
  return aliases;
};

const isAlias = (pattern: string): boolean => !/[*?!]/.test(pattern) && isHostName(pattern);

/** Keyword and values of a line; `=` may stand between them, values may be quoted. */
const wordsOf = (line: string): string[] => {
  const statement = line.trim().replace(/^(\w+)\s*=\s*/, '$1 ');
  if (statement.startsWith('#')) return [];
  return Array.from(
    statement.matchAll(/"([^"]*)"|(\S+)/g),
    ([, quoted, bare]) => quoted ?? bare ?? '',
  );
};

const readIfPresent = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (types.isNativeError(error) && 'code' in error && error.code !== 'EIO') return '';
    throw error;
  }
};

/** Expands `*` and `?` in the segments of an absolute path, as a shell does: in order, hidden files left out. */
const filesMatching = async (pattern: string): Promise<string[]> => {
  let found = ['/'];
  for (const segment of pattern.split('/').filter(Boolean)) {
    if (!/[*?]/.test(segment)) {
      found = found.map((directory) => join(directory, segment));
      continue;
    }
    const source = segment
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    const matches = new RegExp(`^${source}$`);
    const next: string[] = [];
    for (const directory of found) {
      const names = await readdir(directory).catch((): string[] => []);
      const fitting = names.filter((name) => !name.startsWith('.') && matches.test(name));
      next.push(...fitting.sort().map((name) => join(directory, name)));
    }
    found = next;
  }
  return found;
};
