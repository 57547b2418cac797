import { z } from 'zod';
import { type ApiClient } from './api-client.js';
import { CliFailure } from './cli-failure.js';
import { EXIT } from './exit-codes.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const named = z.looseObject({ id: z.string(), name: z.string().optional() });

/**
 * The id that a person means: a whole id, a unique name, or the unique beginning of an id. Exit 3 when nothing
 * fits, 2 when more than one does. `kind` is the singular of what is listed at `path`, by the command `list`.
 */
export const findId = async (
  api: ApiClient,
  path: string,
  kind: string,
  wanted: string,
  list = `maestro ${path === '/groupchats' ? 'chat' : path.slice(1)} list`,
): Promise<string> => (UUID.test(wanted) ? wanted : findListed(api, path, kind, wanted, list));

/** The same, of what is listed now: a whole id must be there too. */
export const findListed = async (
  api: ApiClient,
  path: string,
  kind: string,
  wanted: string,
  list: string,
): Promise<string> => {
  const byName: string[] = [];
  const byPrefix: string[] = [];
  for await (const { id, name } of api.list(path, named)) {
    if (name === wanted) byName.push(id);
    if (id.startsWith(wanted.toLowerCase())) byPrefix.push(id);
  }
  const found = byName.length > 0 ? byName : byPrefix;
  const [only] = found;
  if (only === undefined) {
    throw new CliFailure(EXIT.notFound, `There is no ${kind} "${wanted}"`, {
      hint: `\`${list}\` shows all.`,
    });
  }
  if (found.length > 1) {
    throw new CliFailure(EXIT.usage, `"${wanted}" fits ${found.length} of the ${kind}s`, {
      hint: `Name one by its id: ${found.join(', ')}`,
    });
  }
  return only;
};

export const findSession = (api: ApiClient, wanted: string): Promise<string> =>
  findId(api, '/sessions', 'session', wanted);

export const findRemote = (api: ApiClient, wanted: string): Promise<string> =>
  findId(api, '/remotes', 'remote', wanted);
