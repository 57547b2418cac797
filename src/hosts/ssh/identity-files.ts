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
    const named = given ?? (await readPublicKey(`${path}.pub`));
    if (named) publicKeys.push(named);
    if (given) continue;
    try {
      const privateKey = await readPrivateKey(path, at);
      privateKeys.push(privateKey);
      const enclosed = named ? null : publicKeyIn(privateKey.content);
      if (enclosed) publicKeys.push(enclosed);
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
const readPublicKey = async (path: string): Promise<Buffer | null> => {
  const content = await readFile(path).catch(() => null);
  if (content === null || content.includes('PRIVATE KEY')) return null;
  const parsed = ssh2.utils.parseKey(content) as ParsedKey | ParsedKey[] | Error;
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key === undefined || key instanceof Error || key.isPrivateKey()) return null;
  return key.getPublicSSH();
};

const OPENSSH_FORMAT = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)/;
const MAGIC = 'openssh-key-v1\0';
/** Cipher, key derivation and its options stand before the number of keys. */
const STRINGS_BEFORE = 3;

/** Of a public key, or of a private one in the format of OpenSSH; null for what is neither. */
export const keyTypeIn = (content: Buffer): string | null => {
  const enclosed = publicKeyIn(content);
  if (enclosed) return enclosed.toString('latin1', 4, 4 + enclosed.readUInt32BE(0));
  return /^((?:sk-)?(?:ssh|ecdsa)-\S+) AAAA/.exec(content.toString('latin1', 0, 200))?.[1] ?? null;
};

/** OpenSSH's format keeps the public key in the clear, also when the private one is encrypted. */
const publicKeyIn = (content: Buffer): Buffer | null => {
  const [, body = ''] = OPENSSH_FORMAT.exec(content.toString('latin1')) ?? [];
  const bytes = Buffer.from(body, 'base64');
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
  try {
    let offset = MAGIC.length;
    for (let index = 0; index < STRINGS_BEFORE; index += 1) {
      offset += 4 + bytes.readUInt32BE(offset);
    }
    const start = offset + 8;
    return bytes.subarray(start, start + bytes.readUInt32BE(offset + 4));
  } catch {
    // It ends too early: whoever parses it says so.
    return null;
  }
};
