import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultDataDir } from '../platform/config/values.js';
import { CliFailure } from './cli-failure.js';
import { EXIT } from './exit-codes.js';
import { type World } from './world.js';

export interface ConnectionOptions {
  server?: string;
  token?: string;
}

/** Which server, and by which token; null when none was found (the server then says what it wants). */
export const connectionOf = async (
  options: ConnectionOptions,
  env: World['env'],
): Promise<{ server: string; token: string | null; tokenFrom: string | null }> => {
  const given = options.server ?? env['MAESTRO_URL'];
  const server = given ?? `http://127.0.0.1:${env['MAESTRO_PORT'] ?? '8787'}`;
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    throw new CliFailure(EXIT.usage, `"${server}" is not the URL of a server`, {
      hint: 'Give one like http://127.0.0.1:8787.',
    });
  }
  return { server, ...(await tokenFor(server, options, env)) };
};

const tokenFor = async (
  server: string,
  options: ConnectionOptions,
  env: World['env'],
): Promise<{ token: string | null; tokenFrom: string | null }> => {
  if (options.token) return { token: options.token, tokenFrom: '--token' };
  if (env['MAESTRO_TOKEN']) return { token: env['MAESTRO_TOKEN'], tokenFrom: 'MAESTRO_TOKEN' };
  const file = env['MAESTRO_TOKEN_FILE'];
  if (file) {
    return { token: await readToken(file), tokenFrom: `${file} (MAESTRO_TOKEN_FILE)` };
  }
  // A local server's token is never offered to another machine.
  if (!isLoopback(new URL(server).hostname)) return { token: null, tokenFrom: null };
  const path = join(env['MAESTRO_DATA_DIR'] ?? defaultDataDir(env), 'admin-token');
  const token = await readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
  return token ? { token, tokenFrom: path } : { token: null, tokenFrom: null };
};

const readToken = async (path: string): Promise<string> => {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new CliFailure(EXIT.usage, `The token file ${path} cannot be read`, { cause });
  }
};

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
