import { existsSync } from 'node:fs';
import { type HostLabel, SshFailure } from '../errors.js';
import { type Identity, type KeyRing, type PrivateKey } from '../private-keys.js';
import { type SshTarget } from '../ssh-target.js';

export interface IdentityOptions {
  /** In the form of `ssh -o`. */
  options: string[];
  /** Keys that an agent of this process has to sign with. */
  identities: readonly Identity[];
}

/**
 * How `ssh` gets the keys of a target: what an ssh config says it reads itself. A key of the remote's own is signed with
 * by this process; only what it cannot read, such as the handle of a security key, is a file for `ssh`.
 */
export const identityOptions = (
  target: SshTarget,
  keyRing: KeyRing,
  agentPath: string,
): IdentityOptions => {
  const { ownsKeys = false, openssh, privateKeys, agentSocket } = target;
  if (!ownsKeys && openssh?.config) return { options: [], identities: [] };
  if (privateKeys.length === 0) {
    if (agentSocket === undefined) throw new SshFailure('ssh/no-identity', target);
    return {
      options: ['IdentityFile=none', `IdentityAgent=${quoted(agentSocket)}`],
      identities: [],
    };
  }
  const { identities, files } = divided(privateKeys, keyRing, target);
  const certificates = privateKeys
    .map(({ source }) => `${source}-cert.pub`)
    .filter((path) => path.startsWith('/') && existsSync(path));
  return {
    identities,
    options: [
      'IdentitiesOnly=no',
      `IdentityAgent=${identities.length > 0 ? quoted(agentPath) : 'none'}`,
      ...certificates.map((path) => `CertificateFile=${quoted(path)}`),
      ...(files.length === 0 ? ['none'] : files.map(quoted)).map((file) => `IdentityFile=${file}`),
    ],
  };
};

/** Keys that ssh2 can open, and paths of those that only `ssh` can. Throws when nothing can be done with one. */
const divided = (
  keys: readonly PrivateKey[],
  keyRing: KeyRing,
  at: HostLabel,
): { identities: Identity[]; files: string[] } => {
  const { identities, skipped } = keyRing.parse(keys, at);
  const files = keys
    .map(({ source }) => source)
    .filter(
      (source) => source.startsWith('/') && !identities.some((each) => each.source === source),
    );
  const [fault] = skipped;
  const isForSsh = fault?.code === 'ssh/unsupported' && files.length > 0;
  if (fault && identities.length === 0 && !isForSsh) throw fault;
  return { identities, files };
};

const quoted = (path: string): string =>
  `"${path.replaceAll('%', '%%').replace(/["\\]/g, '\\$&')}"`;
