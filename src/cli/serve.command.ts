import { Command } from 'commander';
import { startServer } from '../main.js';
import { parseConfig } from '../platform/config/index.js';

interface ServeOptions {
  port?: string;
  host?: string;
  dataDir?: string;
  role?: string;
}

/** `maestro serve`: the server in the foreground, until SIGTERM or SIGINT. */
export const serveCommand = (): Command =>
  new Command('serve')
    .description('start the server')
    .option('--port <port>', 'port to listen on, 0 for a free one (MAESTRO_PORT, 8787)')
    .option('--host <address>', 'address to listen on (MAESTRO_HOST, 127.0.0.1)')
    .option(
      '--data-dir <dir>',
      'where tokens, keys and the embedded database are kept (MAESTRO_DATA_DIR)',
    )
    .option('--role <role>', 'all, api or worker (MAESTRO_ROLE, all)')
    .action(serve);

const serve = async (options: ServeOptions): Promise<void> => {
  const config = parseConfig(process.env, options);
  for (const name of config.unknown) {
    process.stderr.write(`maestro: ${name} is not a setting of this server\n`);
  }
  const signals = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      signals.abort();
    });
  }
  const server = await startServer(config);
  if (server.newAdminToken !== null) {
    process.stdout.write(
      `Admin token (kept in ${config.dataDir}/admin-token): ${server.newAdminToken}\n`,
    );
  }
  process.stdout.write(`maestro-server is ready at ${server.url}\n`);
  await new Promise<void>((resolve) => {
    if (signals.signal.aborted) resolve();
    signals.signal.addEventListener('abort', () => {
      resolve();
    });
  });
  const late = setTimeout(() => {
    process.stderr.write('maestro: not drained in time, ending anyway\n');
    process.exit(1);
  }, config.shutdownMs);
  await server.close();
  clearTimeout(late);
  process.exit(0);
};
