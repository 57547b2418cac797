import { readFile } from 'node:fs/promises';
import ssh2, { type ParsedKey } from 'ssh2';
import { type HostLabel, SshFailure } from './errors.js';
import { readPrivateKey, type PrivateKey } from './private-keys.js';

export interface IdentityFiles {
  privateKeys: PrivateKey[];
  /** Public keys in wire format, of every identity file that has one. */
  publicKeys: Buffer[];
}

/** Files that `ssh` tries without being told to. */
const DEFAULT_IDENTITY = /\/\.ssh\/id_[a-z0-9]+(_sk)?$/;

/**
 * Like `ssh`, goes on without a key that cannot be read, but says why when no other way to log in is left. An identity
 * file may also be a public key, whose private one an agent holds.
 */
export const readIdentityFiles = async (
  paths: readonly string[],
  at: HostLabel,
  hasAgent: boolean,
): Promise<IdentityFiles> => {
  const privateKeys: PrivateKey[] = [];
  const publicKeys: Buffer[] = [];
  const failures: SshFailure[] = [];
  for (const path of paths) {
    const given = await readPublicKey(path);
    const publicKey = given ?? (await readPublicKey(`${path}.pub`));
    if (publicKey) publicKeys.push(publicKey.getPublicSSH());
    if (given) continue;
    try {
      privateKeys.push(await readPrivateKey(path, at));
    } catch (error) {
      if (!(error instanceof SshFailure)) throw error;
      const isExpected = error.code === 'ssh/key-not-found' && DEFAULT_IDENTITY.test(path);
      if (!isExpected) failures.push(error);
    }
  }
  if (privateKeys.length === 0 && !hasAgent && failures[0]) throw failures[0];
  return { privateKeys, publicKeys };
};

/** Null for whatever is not a public key, or not there. */
const readPublicKey = async (path: string): Promise<ParsedKey | null> => {
  const content = await readFile(path).catch(() => null);
  if (content === null || content.includes('PRIVATE KEY')) return null;
  const parsed = ssh2.utils.parseKey(content) as ParsedKey | ParsedKey[] | Error;
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  return key === undefined || key instanceof Error || key.isPrivateKey() ? null : key;
};
