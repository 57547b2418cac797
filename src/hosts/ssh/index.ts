/** SSH hosts: how they are reached, what can go wrong on the way, and what the ssh config says of them. */
export { ConnectionPool, type ConnectionPoolOptions } from './pool/connection-pool.js';
export { SshFailure } from './errors.js';
export { preferredKeyType } from './known-hosts/host-key-algorithms.js';
export { type KnownHost, KnownHosts } from './known-hosts/known-hosts.js';
export { knownHostName, nameWithoutPort, readKnownHosts } from './known-hosts/known-hosts-files.js';
export { type Transport } from './link.js';
export { needsOfIdentityFiles } from './openssh-needs.js';
export { type PoolState } from './pool/pool-state.js';
export { type PrivateKey, readPrivateKey } from './private-keys.js';
export { publicKeyOf } from './public-key.js';
export { resolveSshConfig } from './ssh-config/ssh-config.js';
export { listSshConfigHosts } from './ssh-config/ssh-config-hosts.js';
export { targetFromSshConfig } from './ssh-config/ssh-config-target.js';
export {
  type HostKey,
  type HostKeyRefusal,
  hostKeyName,
  isHostName,
  isUserName,
  type PublicKey,
  type SshTarget,
} from './ssh-target.js';
