import { type Algorithms } from 'ssh2';
import { HOST_KEY_ALGORITHMS } from '../known-hosts/host-key-algorithms.js';
import { ConfigFiles } from './config-files.js';
import { resolveFromFiles, resolveSshConfig, type ResolvedSshConfig } from './ssh-config.js';

type Directives = ResolvedSshConfig['directives'];

/** What ssh2 knows of the names that OpenSSH uses. */
const KEX = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group-exchange-sha256',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group18-sha512',
  'diffie-hellman-group-exchange-sha1',
  'diffie-hellman-group14-sha1',
  'diffie-hellman-group1-sha1',
] as const;
const CIPHERS = [
  'chacha20-poly1305@openssh.com',
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
  'aes128-cbc',
  'aes192-cbc',
  'aes256-cbc',
  '3des-cbc',
] as const;
const MACS = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha1-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
  'hmac-sha1',
  'hmac-sha1-96',
  'hmac-md5',
] as const;

const LISTS = [
  { list: 'kex', directive: 'kexalgorithms', name: 'KexAlgorithms', known: KEX },
  {
    list: 'serverHostKey',
    directive: 'hostkeyalgorithms',
    name: 'HostKeyAlgorithms',
    known: HOST_KEY_ALGORITHMS,
  },
  { list: 'cipher', directive: 'ciphers', name: 'Ciphers', known: CIPHERS },
  { list: 'hmac', directive: 'macs', name: 'MACs', known: MACS },
] as const;

export interface ConfiguredAlgorithms {
  algorithms?: Algorithms;
  /** Names of the directives of which ssh2 knows no value. */
  impossible: string[];
}

/**
 * The algorithms that the ssh config asks for, in its order, as far as ssh2 has them. What it leaves at the defaults of
 * `ssh` stays at those of ssh2, which are chosen for its own speed.
 */
export const algorithmsFrom = async (
  resolved: ResolvedSshConfig,
): Promise<ConfiguredAlgorithms> => {
  const { directives } = resolved;
  const defaults = await defaultsOf(resolved);
  const algorithms: Record<string, readonly string[]> = {};
  const impossible: string[] = [];
  for (const { list, directive, name, known } of LISTS) {
    const value = directives.get(directive)?.[0];
    if (value === undefined || value === defaults.get(directive)?.[0]) continue;
    const usable = value
      .split(',')
      .filter((algorithm) => (known as readonly string[]).includes(algorithm));
    if (usable.length === 0) impossible.push(name);
    else algorithms[list] = usable;
  }
  if (directives.get('compression')?.[0] === 'yes') {
    algorithms.compress = ['zlib@openssh.com', 'none'];
  }
  return { impossible, ...(Object.keys(algorithms).length === 0 ? {} : { algorithms }) };
};

const knownDefaults = new Map<string, Promise<Directives>>();

/** What comes out without any config, from whoever has read this one: the same as long as the program is. */
const defaultsOf = ({ isReadByClient, options }: ResolvedSshConfig): Promise<Directives> => {
  const reader = isReadByClient
    ? `${options.sshPath ?? 'ssh'} ${options.environment?.['PATH'] ?? ''}`
    : '';
  const known = knownDefaults.get(reader);
  if (known) return known;
  const { sshPath, environment } = options;
  const asked = isReadByClient
    ? resolveSshConfig('defaults', {
        configPath: 'none',
        ...(sshPath === undefined ? {} : { sshPath }),
        ...(environment === undefined ? {} : { environment }),
      })
    : resolveFromFiles('defaults', {}, new ConfigFiles([], {}));
  const defaults = asked.then(({ directives }) => directives);
  knownDefaults.set(reader, defaults);
  defaults.catch(() => knownDefaults.delete(reader));
  return defaults;
};
