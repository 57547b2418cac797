export { type Remote, type RemoteState } from './remote.js';
export { RemoteHosts } from './remote-hosts.js';
export { RemoteDisabled, RemoteInUse, RemoteNotFound } from './remotes.errors.js';
export { RemotesModule } from './remotes.module.js';
export { settableVariables } from './settable-variables.js';
export { envPatchSchema, envSchema, keptEnvSchema, remoteStateSchema } from './remotes.schemas.js';
export { RemotesService } from './remotes.service.js';
