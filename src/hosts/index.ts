/** Where work happens: one contract, this machine and machines behind SSH. */
export {
  type CommandResult,
  type DurableRun,
  type DurableRuns,
  type FileEntry,
  type FileStat,
  type Host,
  type HostEnvironment,
  type RunEvent,
  type RunKey,
  type RunOffsets,
  type RunVerdict,
} from './host.js';
export { HostFailure } from './host-errors.js';
export { localHost } from './local/local-host.js';
export { keepFollowing } from './runs/keep-following.js';
export {
  type HostKey,
  type HostKeyRefusal,
  isHostName,
  listSshConfigHosts,
  type PrivateKey,
  readPrivateKey,
  resolveSshConfig,
  SshFailure,
  type SshTarget,
  targetFromSshConfig,
} from './ssh/index.js';
export { type SshHost, sshHost } from './ssh-host.js';
export { isTransient } from './transient.js';
