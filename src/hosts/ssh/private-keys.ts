import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { types } from 'node:util';
import ssh2, { type ParsedKey } from 'ssh2';
import { type HostLabel, SshFailure } from './errors.js';

export interface PrivateKey {
  /** The path it came from, or `sealed` for one kept in the database. */
  source: string;
  content: Buffer;
  passphrase?: string;
}

/** Reads a key file under the rules of `ssh`: one of ours that others can read is refused. */
export const readPrivateKey = async (path: string, at: HostLabel): Promise<PrivateKey> => {
  try {
    const { mode, uid } = await stat(path);
    if (uid === process.getuid?.() && (mode & 0o077) !== 0) {
      throw new SshFailure('ssh/key-permissions', at, {
        detail: `${path} is open to others, mode ${(mode & 0o777).toString(8)}`,
      });
    }
    return { source: path, content: await readFile(path) };
  } catch (error) {
    if (error instanceof SshFailure) throw error;
    const code = types.isNativeError(error) && 'code' in error ? error.code : undefined;
    const kind =
      code === 'EACCES' || code === 'EPERM' ? 'ssh/key-permissions' : 'ssh/key-not-found';
    throw new SshFailure(kind, at, { detail: path, cause: error });
  }
};

export interface Identity {
  source: string;
  key: ParsedKey;
}

/** Parsed keys are kept: to open an encrypted one costs a quarter of a second of everybody's event loop. */
export class KeyRing {
  readonly #parsed = new Map<string, ParsedKey>();

  /** Splits keys into those that can log in and the reasons why the others cannot. */
  parse(
    keys: readonly PrivateKey[],
    at: HostLabel,
  ): { identities: Identity[]; skipped: SshFailure[] } {
    const identities: Identity[] = [];
    const skipped: SshFailure[] = [];
    for (const key of keys) {
      const parsed = this.#parse(key);
      if (parsed instanceof Error) skipped.push(keyFailure(at, key, parsed));
      else identities.push({ source: key.source, key: parsed });
    }
    return { identities, skipped };
  }

  #parse({ content, passphrase }: PrivateKey): ParsedKey | Error {
    const digest = createHash('sha256')
      .update(content)
      .update('\0')
      .update(passphrase ?? '')
      .digest('hex');
    const known = this.#parsed.get(digest);
    if (known) return known;
    const result = ssh2.utils.parseKey(content, passphrase) as ParsedKey | ParsedKey[] | Error;
    const parsed = Array.isArray(result) ? result[0] : result;
    if (parsed === undefined) return new Error('Unsupported key format');
    if (parsed instanceof Error) return parsed;
    if (!parsed.isPrivateKey()) return new Error('it is a public key');
    this.#parsed.set(digest, parsed);
    return parsed;
  }
}

const keyFailure = (
  at: HostLabel,
  { source, passphrase }: PrivateKey,
  error: Error,
): SshFailure => {
  if (/passphrase|integrity check/i.test(error.message)) {
    return new SshFailure('ssh/key-passphrase-required', at, {
      detail: passphrase === undefined ? source : `${source}: the passphrase is wrong`,
      cause: error,
    });
  }
  return new SshFailure('ssh/unsupported', at, {
    detail: `private key ${source}: ${error.message}`,
    hint: 'Use a private key of type ed25519, ecdsa or rsa in OpenSSH or PEM format.',
    cause: error,
  });
};
