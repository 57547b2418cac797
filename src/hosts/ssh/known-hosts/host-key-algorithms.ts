import { type Algorithms, type ServerHostKeyAlgorithm } from 'ssh2';
import { type SshTarget } from '../ssh-target.js';

/** What ssh2 knows and uses unless told otherwise, in its order. */
export const HOST_KEY_ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
] as const satisfies readonly ServerHostKeyAlgorithm[];

/** Of a host with several keys, the one that is known is asked for: any other one would look like a changed key. */
export const algorithmsOf = (target: SshTarget): Algorithms | undefined => {
  const { algorithms, knownKeyTypes = [] } = target;
  if (knownKeyTypes.length === 0) return algorithms;
  const allowed = allowedBy(target);
  const isKnown = (algorithm: string): boolean => knownKeyTypes.includes(keyTypeOf(algorithm));
  return {
    ...algorithms,
    serverHostKey: [...allowed.filter(isKnown), ...allowed.filter((name) => !isKnown(name))],
  };
};

/** Which of these types of keys a host will show that has them all; none that it is not asked for. */
export const preferredKeyType = (types: readonly string[], target: SshTarget): string | undefined =>
  allowedBy(target)
    .map(keyTypeOf)
    .find((type) => types.includes(type));

const allowedBy = ({ algorithms }: SshTarget): readonly ServerHostKeyAlgorithm[] => {
  const configured = algorithms?.serverHostKey;
  return Array.isArray(configured) ? configured : HOST_KEY_ALGORITHMS;
};

const keyTypeOf = (algorithm: string): string =>
  algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm;
