import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { Unsealable } from './access.errors.js';

const VERSION = 'v1:';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals secrets for keeping: AES-256-GCM, a fresh nonce each, bound to a purpose (`remotes/env`), so that a sealed
 * value moved to another place does not open there. Form: `v1:` and base64url of nonce, tag and ciphertext.
 */
export class Sealer {
  private readonly key: Buffer;

  /** @param secret 32 bytes as hex or base64, or a passphrase. */
  constructor(secret: string) {
    this.key = toKey(secret);
  }

  seal(plain: string | Buffer, purpose: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    return VERSION + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** @throws {Unsealable} when the key or the purpose is another one, or the value was changed. */
  open(sealed: string, purpose: string): Buffer {
    const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64url');
    if (!sealed.startsWith(VERSION) || bytes.length < NONCE_BYTES + TAG_BYTES) {
      throw new Unsealable(purpose);
    }
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.key, nonce, {
        authTagLength: TAG_BYTES,
      })
        .setAAD(Buffer.from(purpose))
        .setAuthTag(tag);
      return Buffer.concat([
        decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)),
        decipher.final(),
      ]);
    } catch (error) {
      throw new Unsealable(purpose, error);
    }
  }
}

const toKey = (secret: string): Buffer => {
  if (/^[0-9a-f]{64}$/i.test(secret)) return Buffer.from(secret, 'hex');
  if (/^[\w+/-]{43}=?$/.test(secret)) return Buffer.from(secret, 'base64');
  // A passphrase: the cost makes guesses dear. The salt is fixed, since the same phrase must always give the same key.
  return scryptSync(secret, 'maestro-server sealer v1', KEY_BYTES, { N: 2 ** 15, maxmem: 2 ** 26 });
};
