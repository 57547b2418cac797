import { type Command } from 'commander';
import { z } from 'zod';
import { type ApiClient } from '../api-client.js';
import { type Detection, detectionShape } from '../api-shapes.js';
import { type Cli } from '../cli.js';
import { findRemote } from '../find.js';
import { table } from '../table.js';

const modelsShape = z.looseObject({
  items: z.array(
    z.looseObject({
      id: z.string(),
      name: z.string().nullish(),
      effort: z.array(z.string()).nullish(),
    }),
  ),
});

/** `maestro remotes agents` and `maestro remotes models`: what there is to work with on a host. */
export const addAgentsCommands = (remotes: Command, cli: Cli): void => {
  remotes
    .command('agents <remote>')
    .description('show which agents are on a remote, or on this server by `local`, and signed in')
    .action(async (name: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const items = await api.get(`${await hostPath(api, name)}/agents`, z.array(detectionShape));
      const rows = items.map((detection) => [
        detection.agent,
        detection.found ? (detection.version ?? '?') : 'not found',
        loginOf(detection),
        detection.path ?? '',
      ]);
      cli.print(command, { items }, table(['AGENT', 'VERSION', 'LOGIN', 'PATH'], rows));
    });

  remotes
    .command('models <remote> <agent>')
    .description('show the models that an agent lists on a remote, or on this server by `local`')
    .action(async (name: string, agent: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const path = `${await hostPath(api, name)}/agents/${encodeURIComponent(agent)}/models`;
      const models = await api.get(path, modelsShape);
      const rows = models.items.map(({ id, name: known, effort }) => [
        ...[id, known ?? ''],
        effort?.join(' ') ?? '',
      ]);
      cli.print(command, models, table(['MODEL', 'NAME', 'EFFORT'], rows));
    });
};

/** Empty where its CLI does not tell. */
export const loginOf = ({ login, account }: Detection): string => {
  if (login === undefined || login === 'unknown') return '';
  return account == null ? login : `${login} as ${account}`;
};

/** Of a remote, or of the machine of the server. */
export const hostPath = async (api: ApiClient, name: string): Promise<string> =>
  name === 'local' ? '/hosts/local' : `/remotes/${await findRemote(api, name)}`;
