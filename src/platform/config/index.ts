export { ConfigInvalid, DataDirUnusable, PortTaken, StoreChanged } from './config.errors.js';
export { CONFIG, ConfigModule, InjectConfig } from './config.module.js';
export { type Config, type ConfigOverrides, parseConfig } from './config.js';
export {
  type KeptSecret,
  type Store,
  prepareDataDir,
  readOrCreateSecret,
  recordStore,
  storeOf,
} from './data-dir.js';
