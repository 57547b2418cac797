import { type Command } from 'commander';
import { type ApiClient } from '../api-client.js';
import { type Session, sessionShape, turnShape } from '../api-shapes.js';
import { type Cli } from '../cli.js';
import { CliFailure } from '../cli-failure.js';
import { EXIT } from '../exit-codes.js';
import { findRemote, findSession } from '../find.js';
import { collect, envFrom, given, jsonFrom } from '../option-values.js';
import { facts, table } from '../table.js';
import { addQueueCommand } from './queue.command.js';

interface Settings {
  cwd?: string;
  remote?: string;
  env?: string[];
  arg?: string[];
  model?: string;
  effort?: string;
  command?: string;
  custom?: string;
  autoRunFolder?: string;
}

interface CreateOptions extends Settings {
  agent: string;
}

interface UpdateOptions extends Settings {
  name?: string;
  local?: boolean;
}

export const addSessionsCommand = (program: Command, cli: Cli): void => {
  const sessions = program
    .command('sessions')
    .description('agents, each in one directory on one host');

  sessions
    .command('list')
    .description('show all sessions')
    .action(async (_options: object, command: Command) => {
      const api = await cli.api(command);
      const items = await api.all('/sessions', sessionShape);
      const rows = items.map((session) => [
        session.name,
        session.agentLabel,
        session.state,
        placeOf(session),
        session.id,
      ]);
      cli.print(command, { items }, table(['NAME', 'AGENT', 'STATE', 'WHERE', 'ID'], rows));
    });

  withSettings(
    sessions
      .command('create <name>')
      .description('set up an agent in a directory, here or on a remote')
      .requiredOption('-a, --agent <agent>', 'claude-code, codex, opencode, gemini-cli, ..., demo'),
  ).action(async (name: string, options: CreateOptions, command: Command) => {
    const api = await cli.api(command);
    const { agent } = options;
    const body = given({ name, agent, ...(await settingsFrom(cli, api, options)) });
    const session = await api.post('/sessions', body, sessionShape);
    cli.print(command, session, `${session.name} is session ${session.id}\n`);
  });

  withSettings(
    sessions
      .command('update <session>')
      .description('change what was agreed on with a session; "" takes a model or an effort back')
      .option('-n, --name <name>', 'what it is called')
      .option('--local', 'it works on the machine of the server'),
  ).action(async (wanted: string, options: UpdateOptions, command: Command) => {
    const api = await cli.api(command);
    const { name, local } = options;
    const settings = await settingsFrom(cli, api, options);
    const body = given({ name, ...settings, ...(local && { remoteId: null }) });
    const path = `/sessions/${await findSession(api, wanted)}`;
    const session = await api.patch(path, emptyIsNull(body), sessionShape);
    cli.print(command, session, sessionFacts(session));
  });

  sessions
    .command('show <session>')
    .description('show one session')
    .action(async (name: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const session = await api.get(`/sessions/${await findSession(api, name)}`, sessionShape);
      cli.print(command, session, sessionFacts(session));
    });

  sessions
    .command('stop <session>')
    .description('cancel the turn that a session works on')
    .action(async (name: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const session = await api.get(`/sessions/${await findSession(api, name)}`, sessionShape);
      if (session.activeTurnId === null) {
        throw new CliFailure(EXIT.conflict, `${session.name} does not work on anything`);
      }
      const turn = await api.post(`/turns/${session.activeTurnId}/cancel`, {}, turnShape);
      cli.print(command, turn, `Turn ${turn.id} is ${turn.state}\n`);
    });

  sessions
    .command('rm <session>')
    .description('forget a session; its directory stays as it is')
    .action(async (name: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const id = await findSession(api, name);
      await api.delete(`/sessions/${id}`);
      cli.print(command, { id, removed: true }, `${name} is removed\n`);
    });

  addQueueCommand(sessions, cli);
};

const withSettings = (command: Command): Command =>
  command
    .option('-d, --cwd <dir>', "its working directory; the remote's own when absent")
    .option('-r, --remote <remote>', 'the remote it works on; absent: the machine of the server')
    .option(
      '-e, --env <KEY=VALUE>',
      'environment of the agent; KEY alone takes it from here',
      collect,
    )
    .option('--arg <argument>', 'extra argument for the CLI (repeat for more)', collect)
    .option('-m, --model <model>', 'model to ask the CLI for')
    .option('--effort <level>', 'how much effort to ask the CLI for')
    .option('--command <path>', 'where the CLI is on its host, if not in the login PATH')
    .option('--custom <file>', 'JSON file that defines a custom agent: its prompt and output')
    .option('--auto-run-folder <dir>', 'where its Auto Run documents are');

const settingsFrom = async (cli: Cli, api: ApiClient, options: Settings): Promise<object> => {
  const { cwd, model, effort, autoRunFolder } = options;
  return given({
    ...{ cwd, model, effort, autoRunFolder },
    command: options.command,
    args: options.arg,
    custom: options.custom && (await jsonFrom(options.custom)),
    remoteId: options.remote && (await findRemote(api, options.remote)),
    env: options.env && envFrom(options.env, cli.world.env),
  });
};

const emptyIsNull = (body: object): object =>
  Object.fromEntries(
    Object.entries(body).map(([name, value]: [string, unknown]) => [
      name,
      value === '' ? null : value,
    ]),
  );

const placeOf = ({ target, cwd }: Session): string =>
  target.remote ? `${target.hostName ?? '?'}:${cwd}` : cwd;

const sessionFacts = (session: Session): string =>
  facts([
    ['name', session.name],
    ['id', session.id],
    ['agent', session.agentLabel],
    ['model', session.model],
    ['effort', session.effort],
    ['read-only', session.readOnly],
    ['where', placeOf(session)],
    ['state', session.state],
    ['active turn', session.activeTurnId],
    ['queued', session.held ? `${session.queued} (held)` : session.queued],
  ]);
