import { type Algorithms, type ServerHostKeyAlgorithm } from 'ssh2';
import { type SshTarget } from './ssh-target.js';

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
export const algorithmsOf = ({
  algorithms,
  knownKeyTypes = [],
}: SshTarget): Algorithms | undefined => {
  if (knownKeyTypes.length === 0) return algorithms;
  const configured = algorithms?.serverHostKey;
  const allowed = Array.isArray(configured) ? configured : HOST_KEY_ALGORITHMS;
  const isKnown = (algorithm: ServerHostKeyAlgorithm): boolean =>
    knownKeyTypes.includes(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm);
  return {
    ...algorithms,
    serverHostKey: [...allowed.filter(isKnown), ...allowed.filter((name) => !isKnown(name))],
  };
};
