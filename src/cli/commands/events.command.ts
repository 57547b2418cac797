import { type Command } from 'commander';
import { type Cli } from '../cli.js';
import { CliFailure } from '../cli-failure.js';
import { follow, readEvents } from '../event-stream.js';
import { EXIT } from '../exit-codes.js';
import { findId } from '../find.js';
import { wholeNumber } from '../option-values.js';

const LISTS: Partial<Record<string, string>> = {
  session: '/sessions',
  groupchat: '/groupchats',
  run: '/runs',
  remote: '/remotes',
};

export const addEventsCommand = (program: Command, cli: Cli): void => {
  program
    .command('events <stream>')
    .description(
      'the events of a stream as NDJSON: `server`, or session:, groupchat:, run: or remote: with an id or name',
    )
    .option('--after <seq>', 'only events behind this number', wholeNumber, 0)
    .option('-f, --follow', 'wait for more, across restarts of the server')
    .action(
      async (wanted: string, options: { after: number; follow?: boolean }, command: Command) => {
        const api = await cli.api(command);
        const [kind = '', name] = wanted.split(/:(.*)/s);
        const list = LISTS[kind];
        const stream =
          list === undefined || !name ? wanted : `${kind}:${await findId(api, list, kind, name)}`;
        if (!options.follow) {
          const { after } = options;
          for await (const event of readEvents(api, stream, after)) cli.line(event);
          return;
        }
        const { signal } = cli.world;
        const onLink = (up: boolean): void => {
          cli.progress(
            up ? 'The server is back' : 'The link to the server is lost, waiting for it',
          );
        };
        for await (const event of follow(api, stream, { after: options.after, signal, onLink })) {
          cli.line(event);
        }
        throw new CliFailure(EXIT.interrupted, 'Interrupted');
      },
    );
};
