/** Where work happens: one contract, this machine and machines behind SSH. */
export { type Channel, type ChannelPriority, type ChannelSource } from './channel.js';
export {
  type CallOptions,
  type CancelProof,
  type Command,
  type CommandResult,
  type DurableRun,
  type DurableRuns,
  type FileEntry,
  type FileStat,
  type FollowOptions,
  type Host,
  type HostEnvironment,
  type HostFiles,
  type RunEvent,
  type RunFile,
  type RunKey,
  type RunOffsets,
  type RunVerdict,
  type StartOptions,
} from './host.js';
export { type HostErrorCode, HostFailure } from './host-errors.js';
export { localHost } from './local/local-host.js';
export { type LocalChannelsOptions } from './local/local-channels.js';
export { keepFollowing, type KeepFollowingOptions } from './runs/keep-following.js';
export { runDirectory } from './runs/run-files.js';
export { isRefusedStart } from './runs/refusal.js';
export { LOADER } from './runs/loader.js';
export { ShellHost, type ShellHostOptions } from './shell/shell-host.js';
export { variableFault } from './shell/variables.js';
export {
  type HostKey,
  hostKeyName,
  type HostKeyRefusal,
  isHostName,
  isUserName,
  type KnownHost,
  knownHostName,
  KnownHosts,
  listSshConfigHosts,
  nameWithoutPort,
  needsOfIdentityFiles,
  type PoolState,
  preferredKeyType,
  type PrivateKey,
  type PublicKey,
  publicKeyOf,
  readKnownHosts,
  readPrivateKey,
  resolveSshConfig,
  SshFailure,
  type SshTarget,
  targetFromSshConfig,
  type Transport,
} from './ssh/index.js';
export { type SshHost, sshHost } from './ssh-host.js';
export { isTransient } from './transient.js';
