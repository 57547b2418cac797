import { type Command } from 'commander';
import { type ApiClient } from '../api-client.js';
import { sessionShape, type Turn, turnShape } from '../api-shapes.js';
import { type Cli } from '../cli.js';
import { findListed, findSession } from '../find.js';
import { wholeNumber } from '../option-values.js';
import { table } from '../table.js';

/** `maestro sessions queue`: what waits in a session, and in which order. */
export const addQueueCommand = (sessions: Command, cli: Cli): void => {
  const queue = sessions
    .command('queue')
    .description('what waits in a session, and in which order');

  queue
    .command('list <session>')
    .description('show what waits, next first')
    .action(async (name: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const items = await api.all(`/sessions/${await findSession(api, name)}/queue`, turnShape);
      const rows = items.map((turn, place) => [String(place), stateOf(turn), turn.id, head(turn)]);
      cli.print(command, { items }, table(['PLACE', 'STATE', 'ID', 'PROMPT'], rows));
    });

  const holding = (verb: string, held: boolean, description: string, outcome: string): void => {
    queue
      .command(`${verb} <session> [turn]`)
      .description(description)
      .action(
        async (name: string, wanted: string | undefined, _options: object, command: Command) => {
          const api = await cli.api(command);
          const session = await findSession(api, name);
          if (wanted === undefined) {
            const changed = await api.patch(`/sessions/${session}`, { held }, sessionShape);
            cli.print(command, changed, `The queue of ${changed.name} ${outcome}\n`);
            return;
          }
          const turn = await changeTurn(api, session, wanted, { held });
          cli.print(command, turn, `Turn ${turn.id} ${outcome}\n`);
        },
      );
  };
  holding('hold', true, 'let a turn wait, those behind it pass; or the whole queue', 'is held');
  holding('release', false, 'let a turn that was held, or the whole queue, go on', 'goes on');

  queue
    .command('edit <session> <turn> [prompt]')
    .description('give a turn another prompt (`-` or nothing: from standard input)')
    .action(
      async (
        name: string,
        wanted: string,
        argument: string | undefined,
        _options: object,
        command: Command,
      ) => {
        const prompt = await cli.prompt(argument);
        const api = await cli.api(command);
        const turn = await changeTurn(api, await findSession(api, name), wanted, { prompt });
        cli.print(command, turn, `Turn ${turn.id} has a new prompt\n`);
      },
    );

  queue
    .command('move <session> <turn> <place>')
    .description('put a turn at a place of the queue; 0 is next')
    .action(
      async (name: string, wanted: string, place: string, _options: object, command: Command) => {
        const api = await cli.api(command);
        const change = { position: wholeNumber(place) };
        const turn = await changeTurn(api, await findSession(api, name), wanted, change);
        cli.print(command, turn, `Turn ${turn.id} is moved\n`);
      },
    );

  queue
    .command('rm <session> <turn>')
    .description('take a turn out of the queue')
    .action(async (name: string, wanted: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      // Held, it cannot begin in between; one that has begun is not in the queue, and is not stopped.
      const { id } = await changeTurn(api, await findSession(api, name), wanted, { held: true });
      const turn = await api.post(`/turns/${id}/cancel`, {}, turnShape);
      cli.print(command, turn, `Turn ${turn.id} is ${turn.state}\n`);
    });
};

const findQueued = (api: ApiClient, session: string, wanted: string): Promise<string> =>
  findListed(
    api,
    `/sessions/${session}/queue`,
    'queued turn',
    wanted,
    `maestro sessions queue list ${session}`,
  );

const changeTurn = async (
  api: ApiClient,
  session: string,
  wanted: string,
  change: object,
): Promise<Turn> =>
  api.patch(`/turns/${await findQueued(api, session, wanted)}`, change, turnShape);

const stateOf = ({ held, readOnly }: Turn): string =>
  [held ? 'held' : 'waits', ...(readOnly ? ['read-only'] : [])].join(', ');

const HEAD_CHARACTERS = 60;

const head = ({ prompt = '' }: Turn): string => {
  const line = prompt.trim().replaceAll(/\s+/g, ' ');
  return line.length > HEAD_CHARACTERS ? `${line.slice(0, HEAD_CHARACTERS - 1)}…` : line;
};
