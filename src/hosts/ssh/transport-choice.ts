import { types } from 'node:util';
import { SshFailure } from './errors.js';
import { type SshTarget } from './ssh-target.js';

/** By what ssh2 says of a handshake: which directive of OpenSSH could have made it possible. */
const HANDSHAKE_FAULTS: readonly [words: RegExp, directive: string][] = [
  [/no matching key exchange algorithm/, 'KexAlgorithms'],
  [/no matching host key format/, 'HostKeyAlgorithms'],
  [/no matching \S+ cipher/, 'Ciphers'],
  [/no matching \S+ MAC/, 'MACs'],
];
/** What an agent answers for a key that it only uses for certain hosts, unless it is told which host it is for. */
const AGENT_REFUSES = 'Agent responded with failure';

/** Why the link has to be carried by the system's `ssh`, as names that an ssh config or known_hosts uses; else none. */
export const reasonsForOpenssh = (target: SshTarget): string[] => {
  const hosts = [...(target.jumps ?? []), target];
  const stated = hosts.flatMap(({ transport }) =>
    transport?.kind === 'openssh' ? transport.reasons : [],
  );
  const isOnlyCertified = hosts.some(
    ({ authorities = [], knownKeyTypes = [] }) =>
      authorities.length > 0 && knownKeyTypes.length === 0,
  );
  return [...new Set(isOnlyCertified ? [...stated, '@cert-authority'] : stated)];
};

/**
 * What ssh2 has failed at and the system's `ssh` might manage; null when another transport would change nothing. Never
 * for a login or a host key that was refused: whatever is tried next must not be an easier way in.
 */
export const beyondSsh2 = (error: unknown): string | null => {
  if (!(error instanceof SshFailure)) return null;
  const { code, message, cause } = error;
  if (code === 'ssh/unsupported' && types.isNativeError(cause)) {
    return HANDSHAKE_FAULTS.find(([words]) => words.test(cause.message))?.[1] ?? null;
  }
  const isAboutIdentity = code === 'ssh/no-identity' || code === 'ssh/auth-failed';
  return isAboutIdentity && message.includes(AGENT_REFUSES) ? 'IdentityAgent' : null;
};
