import { createHash } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { ConfigFault } from './config-fault.js';

/** What `%` and a letter stand for. */
export type Tokens = Readonly<Record<string, string>>;

export interface Naming {
  /** As it was asked for. */
  alias: string;
  hostName: string;
  port: number;
  user: string;
  hostKeyAlias?: string | undefined;
  jumpHost?: string | undefined;
}

export const tokensFor = ({
  alias,
  hostName,
  port,
  user,
  hostKeyAlias,
  jumpHost = '',
}: Naming): Tokens => {
  // As `ssh` does, the home of the account and not of `$HOME`.
  const { username, uid, homedir } = userInfo();
  const here = hostname();
  const connection = [here, hostName, String(port), user, jumpHost].join('');
  return {
    '%%': '%',
    '%C': createHash('sha1').update(connection).digest('hex'),
    '%L': here.replace(/\..*$/, ''),
    '%d': homedir,
    '%h': hostName,
    '%i': String(uid),
    '%j': jumpHost,
    '%k': hostKeyAlias ?? alias,
    '%l': here,
    '%n': alias,
    '%p': String(port),
    '%r': user,
    '%u': username,
  };
};

export const expandTokens = (text: string, tokens: Tokens): string =>
  text.replace(/%(.?)/gs, (token) => {
    const value = tokens[token];
    if (value !== undefined) return value;
    throw new ConfigFault(`vdollar_percent_expand: unknown key ${token}`);
  });

/** `~` at the beginning, `${NAME}`, and tokens, as in the paths that `ssh -G` expands. */
export const expandPath = (
  path: string,
  tokens: Tokens,
  environment: Readonly<Record<string, string | undefined>>,
): string => {
  const parts = path.replace(/^~(?=\/|$)/, userInfo().homedir).split(/(\$\{[^}]*\})/);
  return parts
    .map((part) => {
      const [, name] = /^\$\{([^}]*)\}$/.exec(part) ?? [];
      if (name === undefined) return expandTokens(part, tokens);
      const value = environment[name];
      if (value !== undefined) return value;
      throw new ConfigFault(`vdollar_percent_expand: env var ${part} has no value`);
    })
    .join('');
};
