import { type RunningServer } from './application.js';
import { type Config, prepareDataDir, recordStore, storeOf } from './platform/config/index.js';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from './platform/database/embedded/index.js';
import { JsonLogger } from './platform/observability/json-logger.js';

export { type RunningServer };

/**
 * Starts the server in the roles that the configuration asks for, with its own database when none is configured. The
 * code of the application, a second's worth of modules, is loaded while the database comes up.
 */
export const startServer = async (config: Config): Promise<RunningServer> => {
  const logger = new JsonLogger(config.logLevel);
  await prepareDataDir(config.dataDir);
  await recordStore(config.dataDir, storeOf(config), config.allowStoreChange);
  const [embedded, { startApplication }] = await Promise.all([
    config.databaseUrl === null ? startDatabase(config, logger) : null,
    import('./application.js'),
  ]);
  try {
    const databaseUrl = embedded?.url ?? (config.databaseUrl as string);
    const application = await startApplication(config, databaseUrl, logger);
    let closing: Promise<void> | undefined;
    return {
      ...application,
      close: () => (closing ??= application.close().finally(() => embedded?.stop())),
    };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
};

const startDatabase = (config: Config, logger: JsonLogger): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({
    dir: config.dataDir,
    log: (message, facts) => {
      logger.log({ message, ...facts }, 'EmbeddedPostgres');
    },
  });
