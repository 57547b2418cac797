import { type Command } from 'commander';
import { type ApiClient } from '../api-client.js';
import { anything, groupChatShape, type Message, messageShape } from '../api-shapes.js';
import { endReasonOf, followAnswer } from '../chat-follow.js';
import { type Cli } from '../cli.js';
import { CliFailure } from '../cli-failure.js';
import { Deadline } from '../deadline.js';
import { headOf } from '../event-stream.js';
import { EXIT } from '../exit-codes.js';
import { findId, findRemote, findSession } from '../find.js';
import {
  collect,
  envFrom,
  given,
  imagesFrom,
  positiveNumber,
  wholeNumber,
} from '../option-values.js';
import { facts, table } from '../table.js';

interface CreateOptions {
  moderator?: string;
  moderatorAgent?: string;
  moderatorRemote?: string;
  moderatorCwd?: string;
  moderatorModel?: string;
  moderatorEffort?: string;
  moderatorEnv?: string[];
  moderatorArg?: string[];
  moderatorCommand?: string;
  with?: string[];
  maxRounds?: number;
  maxCost?: number;
}

interface SendOptions {
  readOnly?: boolean;
  image?: string[];
  detach?: boolean;
  timeout?: number;
}

export const addChatCommand = (program: Command, cli: Cli): void => {
  const chat = program
    .command('chat')
    .description('group chats: a moderator and the sessions it asks');

  chat
    .command('list')
    .description('show all group chats')
    .action(async (_options: object, command: Command) => {
      const api = await cli.api(command);
      const items = await api.all('/groupchats', groupChatShape);
      const rows = items.map(({ name, state, participants, id }) => [
        ...[name, state],
        participants.map(({ handle }) => `@${handle}`).join(' '),
        id,
      ]);
      cli.print(command, { items }, table(['NAME', 'STATE', 'PARTICIPANTS', 'ID'], rows));
    });

  chat
    .command('create <name>')
    .description('open a group chat')
    .option('--moderator <session>', 'the session that moderates')
    .option('-a, --moderator-agent <agent>', 'or an agent of its own for it')
    .option('--moderator-remote <remote>', '... on this remote')
    .option('--moderator-cwd <dir>', '... in this directory')
    .option('--moderator-model <model>', '... with this model')
    .option('--moderator-effort <level>', '... with this effort')
    .option(
      '--moderator-env <KEY=VALUE>',
      '... in this environment; KEY alone takes it from here',
      collect,
    )
    .option(
      '--moderator-arg <argument>',
      '... with this argument for its CLI (repeat for more)',
      collect,
    )
    .option('--moderator-command <path>', '... whose CLI is there')
    .option('-w, --with <session>', 'a participant (repeat for more)', collect)
    .option('--max-rounds <n>', 'rounds for one question at most', wholeNumber)
    .option('--max-cost <usd>', 'cost of one question at most', positiveNumber)
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const api = await cli.api(command);
      const limits = given({ maxRounds: options.maxRounds, maxCostUsd: options.maxCost });
      const participants: string[] = [];
      for (const wanted of options.with ?? []) participants.push(await findSession(api, wanted));
      const moderator = await moderatorFrom(cli, api, options);
      const body = {
        ...{ name, moderator, participants },
        ...(Object.keys(limits).length > 0 && { limits }),
      };
      const created = await api.post('/groupchats', body, groupChatShape);
      cli.print(command, created, `${created.name} is group chat ${created.id}\n`);
    });

  chat
    .command('send <chat> [text]')
    .description(
      'ask a group chat (`-` or nothing: from standard input) and show what is said until it has answered',
    )
    .option('--read-only', 'the agents may look, not change')
    .option('-i, --image <path>', 'attach an image (repeat for more)', collect)
    .option('--detach', 'do not wait for the answer')
    .option('--timeout <seconds>', 'stop waiting after this long; the chat goes on', positiveNumber)
    .action(
      async (
        name: string,
        argument: string | undefined,
        options: SendOptions,
        command: Command,
      ) => {
        const text = await cli.prompt(argument);
        const api = await cli.api(command);
        const id = await findChat(api, name);
        const after = await headOf(api, `groupchat:${id}`);
        const images = options.image && (await imagesFrom(options.image));
        const body = given({ text, readOnly: options.readOnly, images });
        const message = await api.start(`/groupchats/${id}/messages`, body, messageShape);
        if (options.detach) {
          cli.print(command, message, `${message.id}\n`);
          return;
        }
        const deadline = new Deadline(cli.world.signal, options.timeout);
        const json = cli.wantsJson(command);
        try {
          const { answer } = await followAnswer(api, id, message, {
            after,
            signal: deadline.signal,
            onEvent: (event) => {
              if (json) cli.line(event);
            },
            onMessage: (said) => {
              if (!json) show(cli, said);
            },
          });
          const endReason = await endReasonOf(api, id, message.id);
          if (answer === null || !FINE.includes(endReason)) throw unanswered(endReason);
        } catch (error) {
          throw deadline.explain(
            error,
            `The chat goes on; \`maestro chat stop ${name}\` stops it.`,
          );
        } finally {
          deadline.clear();
        }
      },
    );

  chat
    .command('show <chat>')
    .description('show what was said')
    .action(async (name: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const id = await findChat(api, name);
      const groupChat = await api.get(`/groupchats/${id}`, groupChatShape);
      const messages = await api.all(`/groupchats/${id}/messages`, messageShape);
      const head = facts([
        ['name', groupChat.name],
        ['id', groupChat.id],
        ['state', groupChat.state],
        ['participants', groupChat.participants.map(({ handle }) => `@${handle}`).join(' ')],
      ]);
      const said = messages.map((message) => `\n${spoken(message)}\n`).join('');
      cli.print(command, { ...groupChat, messages }, head + said);
    });

  chat
    .command('stop <chat>')
    .description('stop the moderator and everybody it has asked')
    .action(async (name: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const id = await findChat(api, name);
      const answer = await api.post(`/groupchats/${id}/stop`, {}, anything);
      cli.print(command, answer, `${name} is being stopped\n`);
    });
};

const findChat = (api: ApiClient, wanted: string): Promise<string> =>
  findId(api, '/groupchats', 'group chat', wanted);

const moderatorFrom = async (cli: Cli, api: ApiClient, options: CreateOptions): Promise<object> => {
  if (options.moderator !== undefined) {
    return { sessionId: await findSession(api, options.moderator) };
  }
  if (options.moderatorAgent === undefined) {
    throw new CliFailure(EXIT.usage, 'A group chat needs --moderator or --moderator-agent');
  }
  return given({
    agent: options.moderatorAgent,
    cwd: options.moderatorCwd,
    model: options.moderatorModel,
    effort: options.moderatorEffort,
    env: options.moderatorEnv && envFrom(options.moderatorEnv, cli.world.env),
    args: options.moderatorArg,
    command: options.moderatorCommand,
    remoteId: options.moderatorRemote && (await findRemote(api, options.moderatorRemote)),
  });
};

/** At the limit of rounds, the moderator answers from what it has. */
const FINE: (string | null)[] = ['answered', 'round-limit', null];

const unanswered = (reason: string | null): CliFailure =>
  new CliFailure(
    reason === 'cost-limit' ? EXIT.budget : EXIT.workFailed,
    `The question came to no answer (${reason ?? 'the moderator said nothing'})`,
  );

/** The moderator's last words are the result; what leads there is progress. */
const show = (cli: Cli, message: Message): void => {
  if (message.from === 'moderator') cli.write(`${spoken(message)}\n\n`);
  else if (message.from !== 'user') cli.progress(`${spoken(message)}\n`);
};

const spoken = ({ name, from, late, text }: Message): string =>
  `${from === 'participant' ? '@' : ''}${name}${late ? ' (late)' : ''}: ${text}`;
