import { sign } from 'node:crypto';
import { wireString } from './wire-format.js';

/** Flags of a request to sign (draft-miller-ssh-agent, 4.5.1). */
const RSA_SHA2_256 = 2;
const RSA_SHA2_512 = 4;

const CURVE_HASHES: Readonly<Record<string, string>> = {
  'ecdsa-sha2-nistp256': 'sha256',
  'ecdsa-sha2-nistp384': 'sha384',
  'ecdsa-sha2-nistp521': 'sha512',
};

export interface SigningKey {
  /** For example `ssh-ed25519`. */
  type: string;
  getPrivatePEM(): string;
}

/** A signature as an agent gives it; null for a kind of key that cannot sign here. */
export const agentSignature = (key: SigningKey, data: Buffer, flags: number): Buffer | null => {
  const { type } = key;
  const pem = key.getPrivatePEM();
  if (type === 'ssh-ed25519') return named(type, sign(null, data, pem));
  if (type === 'ssh-rsa') {
    if ((flags & RSA_SHA2_512) !== 0) return named('rsa-sha2-512', sign('sha512', data, pem));
    if ((flags & RSA_SHA2_256) !== 0) return named('rsa-sha2-256', sign('sha256', data, pem));
    return named(type, sign('sha1', data, pem));
  }
  const hash = CURVE_HASHES[type];
  if (hash === undefined) return null;
  const both = sign(hash, data, { key: pem, dsaEncoding: 'ieee-p1363' });
  const half = both.length / 2;
  return named(
    type,
    Buffer.concat([positiveNumber(both.subarray(0, half)), positiveNumber(both.subarray(half))]),
  );
};

const named = (algorithm: string, signature: Buffer): Buffer =>
  Buffer.concat([wireString(algorithm), wireString(signature)]);

/** An `mpint`: no zeros in front, but one where it would look negative. */
const positiveNumber = (bytes: Buffer): Buffer => {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(first === -1 ? bytes.length : first);
  const isNegative = ((digits[0] ?? 0) & 0x80) !== 0;
  return wireString(isNegative ? Buffer.concat([Buffer.of(0), digits]) : digits);
};
