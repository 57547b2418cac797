import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { keyTypeIn } from './identity-files.js';
import { agentKeyTypes } from './openssh/agent-client.js';
import { clientFault } from './openssh/client-program.js';
import { type PrivateKey } from './private-keys.js';
import { meaningful, type ResolvedSshConfig } from './ssh-config/ssh-config.js';

/** Directives that ssh2 knows nothing of, and that decide who is reached, as whom, or how it is proved. */
const DIRECTIVES: readonly [directive: string, name: string, harmless?: string][] = [
  ['certificatefile', 'CertificateFile'],
  ['pkcs11provider', 'PKCS11Provider'],
  ['bindaddress', 'BindAddress'],
  ['bindinterface', 'BindInterface'],
  ['proxyusefdpass', 'ProxyUseFdpass', 'no'],
  ['revokedhostkeys', 'RevokedHostKeys'],
];
/** A key that is in a security key, or a certificate. */
const BEYOND_SSH2 = /^sk-|-cert-v0[01]@openssh\.com$/;
const SECURITY_KEY = 'IdentityFile (security key)';

/** What a resolved config asks for that only the system's `ssh` can do, by the names of the directives. */
export const needsOfDirectives = ({ directives }: ResolvedSshConfig): string[] =>
  DIRECTIVES.flatMap(([directive, name, harmless]) => {
    const value = meaningful(directives.get(directive)?.[0]);
    return value === null || value === harmless ? [] : [name];
  });

/** The same of identities: certificates beside them, keys that are in security keys. */
export const needsOfIdentityFiles = async (paths: readonly string[]): Promise<string[]> => {
  const needs = new Set<string>();
  for (const path of paths) {
    if (existsSync(`${path}-cert.pub`)) needs.add('CertificateFile');
    if ((await keyTypeAt(path))?.startsWith('sk-')) needs.add(SECURITY_KEY);
  }
  return [...needs];
};

/** The same of a login without a key that ssh2 could offer. */
export const needsOfAgent = async (
  { directives, options }: ResolvedSshConfig,
  agentSocket: string | undefined,
): Promise<string[]> => {
  const types = agentSocket === undefined ? [] : await agentKeyTypes(agentSocket);
  if (types.length > 0) {
    return types.every((type) => BEYOND_SSH2.test(type)) ? ['IdentityAgent'] : [];
  }
  // Many systems say so for every host: without a client it says nothing about this one.
  const isKerberos = directives.get('gssapiauthentication')?.[0] === 'yes';
  return isKerberos && (await clientFault(options.sshPath)) === null
    ? ['GSSAPIAuthentication']
    : [];
};

/** Keys that ssh2 can log in with. */
export const isPlain = ({ content }: PrivateKey): boolean =>
  !BEYOND_SSH2.test(keyTypeIn(content) ?? '');

const keyTypeAt = async (path: string): Promise<string | null> => {
  const content = await readFile(path).catch(() => null);
  const own = content && keyTypeIn(content);
  if (own) return own;
  const named = await readFile(`${path}.pub`, 'latin1').catch(() => '');
  return named.split(' ')[0] ?? null;
};
