import { type Command } from 'commander';
import { z } from 'zod';
import {
  anything,
  type Environment,
  type Detection,
  environmentShape,
  type Remote,
  remoteShape,
  type RemoteTest,
  remoteTestShape,
} from '../api-shapes.js';
import { type Cli } from '../cli.js';
import { CliFailure } from '../cli-failure.js';
import { exitCodeFor } from '../exit-codes.js';
import { findRemote } from '../find.js';
import { collect, envFrom, given, readLocal, wholeNumber } from '../option-values.js';
import { facts, table } from '../table.js';
import { addAgentsCommands, hostPath, loginOf } from './remote-agents.command.js';
import { addHostKeyCommand } from './remote-host-key.command.js';

interface AddOptions {
  host: string;
  port?: number;
  username?: string;
  key?: string;
  keyFile?: string;
  passphraseFile?: string;
  cwd?: string;
  env?: string[];
  sshConfig?: boolean;
  hostKeys?: string;
  disabled?: boolean;
  default?: boolean;
}

export const addRemotesCommand = (program: Command, cli: Cli): void => {
  const remotes = program.command('remotes').description('the SSH hosts on which agents work');

  remotes
    .command('list')
    .description('show all remotes')
    .action(async (_options: object, command: Command) => {
      const api = await cli.api(command);
      const items = await api.all('/remotes', remoteShape);
      cli.print(command, { items }, remotesTable(items));
    });

  remotes
    .command('show <remote>')
    .description('show one remote: its settings and its state')
    .action(async (name: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const remote = await api.get(`/remotes/${await findRemote(api, name)}`, remoteShape);
      cli.print(command, remote, remoteFacts(remote));
    });

  remotes
    .command('add <name>')
    .description('register a host')
    .requiredOption('-H, --host <host>', 'address, or a Host of the ssh config with --ssh-config')
    .option('-p, --port <port>', 'port of sshd', wholeNumber)
    .option('-u, --username <user>', 'user on the host')
    .option('-k, --key <path>', 'private key, a path on the server')
    .option(
      '--key-file <path>',
      'private key, a file here that is sent to the server and sealed there',
    )
    .option('--passphrase-file <path>', 'file here with the passphrase of the key')
    .option('--cwd <dir>', 'working directory for sessions that name none')
    .option(
      '-e, --env <KEY=VALUE>',
      'environment of everything that runs there; KEY alone takes it from here',
      collect,
    )
    .option('--ssh-config', "take the settings from the ssh config of the server's user")
    .option('--host-keys <policy>', 'accept-new or strict')
    .option('--disabled', 'register it without using it')
    .option('--default', 'mark it as the default')
    .action(async (name: string, options: AddOptions, command: Command) => {
      const api = await cli.api(command);
      const remote = await api.post('/remotes', await draftOf(name, options, cli), remoteShape);
      if (options.default) await api.put(`/remotes/${remote.id}/default`, {}, anything);
      cli.print(command, remote, `${remote.name} is registered as ${remote.id}\n`);
    });

  remotes
    .command('import [host]')
    .description("register a Host of the server's ssh config; without one, show what there is")
    .option('-n, --name <name>', 'name of the remote, if not that of the Host')
    .action(async (host: string | undefined, options: { name?: string }, command: Command) => {
      const api = await cli.api(command);
      if (host === undefined) {
        const config = await api.get('/remotes/ssh-config', sshConfigShape);
        const rows = config.hosts.map(({ host: name, summary }) => [name, summary ?? '']);
        cli.print(command, config, table(['HOST', 'LEADS TO'], rows));
        if (config.error) cli.progress(config.error);
        return;
      }
      const remote = await api.post(
        '/remotes/import',
        given({ host, name: options.name }),
        remoteShape,
      );
      cli.print(command, remote, `${remote.name} is registered as ${remote.id}\n`);
    });

  remotes
    .command('test <remote>')
    .description('connect to a remote and say what is there')
    .option('-a, --agent <agent>', 'also look for this agent on it')
    .option('--command <path>', 'where the agent is, if not in the login PATH')
    .action(
      async (name: string, options: { agent?: string; command?: string }, command: Command) => {
        const api = await cli.api(command);
        const id = await findRemote(api, name);
        const { agent, command: path } = options;
        const test = await api.post(
          `/remotes/${id}/test`,
          given({ agent, command: path }),
          remoteTestShape,
        );
        cli.print(command, test, testFacts(test));
        if (!test.ok) throw failedTest(test);
      },
    );

  remotes
    .command('environment <remote>')
    .description('show where programs are looked up on a remote, or on this server by `local`')
    .option('--refresh', 'ask the login shell anew')
    .action(async (name: string, options: { refresh?: boolean }, command: Command) => {
      const api = await cli.api(command);
      const path = `${await hostPath(api, name)}/environment${options.refresh ? '?refresh=true' : ''}`;
      const known = await api.get(path, environmentShape);
      cli.print(command, known, environmentFacts(known));
    });

  addAgentsCommands(remotes, cli);
  addHostKeyCommand(remotes, cli);

  remotes
    .command('rm <remote>')
    .description('forget a remote that no session uses')
    .action(async (name: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const id = await findRemote(api, name);
      await api.delete(`/remotes/${id}`);
      cli.print(command, { id, removed: true }, `${name} is removed\n`);
    });
};

const sshConfigShape = z.looseObject({
  path: z.string().nullish(),
  hosts: z.array(z.looseObject({ host: z.string(), summary: z.string().nullish() })),
  error: z
    .union([z.string(), z.looseObject({ message: z.string() }).transform((e) => e.message)])
    .nullish(),
});

const draftOf = async (name: string, options: AddOptions, cli: Cli): Promise<object> =>
  given({
    name,
    host: options.host,
    port: options.port,
    username: options.username,
    privateKeyPath: options.key,
    privateKey: options.keyFile && (await readLocal(options.keyFile)).toString('utf8'),
    passphrase:
      options.passphraseFile &&
      (await readLocal(options.passphraseFile)).toString('utf8').replace(/\r?\n$/, ''),
    workingDirectory: options.cwd,
    env: options.env && envFrom(options.env, cli.world.env),
    useSshConfig: options.sshConfig,
    hostKeyPolicy: options.hostKeys,
    enabled: options.disabled ? false : undefined,
  });

const addressOf = ({ host, port, username }: Remote): string =>
  `${username === null ? '' : `${username}@`}${host}${port === null ? '' : `:${port}`}`;

const remotesTable = (items: readonly Remote[]): string =>
  table(
    ['NAME', 'STATE', 'ADDRESS', 'ID'],
    items.map((remote) => [
      remote.isDefault ? `${remote.name} *` : remote.name,
      remote.state.status,
      addressOf(remote),
      remote.id,
    ]),
  );

const remoteFacts = (remote: Remote): string =>
  facts([
    ['name', remote.name],
    ['id', remote.id],
    ['address', addressOf(remote)],
    ['enabled', remote.enabled ? 'yes' : 'no'],
    ['state', remote.state.status],
    ['latency', remote.state.latencyMs == null ? null : `${remote.state.latencyMs} ms`],
    ['error', remote.state.error?.message],
    ['remedy', remote.state.error?.hint],
  ]);

const testFacts = (test: RemoteTest): string =>
  facts([
    ['connected', test.hostname == null ? 'no' : 'yes'],
    ['hostname', test.hostname],
    ['system', test.os],
    ['shell', test.shell],
    ['latency', test.latencyMs == null ? null : `${test.latencyMs} ms`],
    ['host key', test.hostKey && keyFact(test.hostKey)],
    ...(test.hops ?? []).map(({ host, hostKey }) => [`key of ${host}`, keyFact(hostKey)] as const),
    ['agent', test.agent && agentFact(test.agent)],
  ]);

const environmentFacts = (known: Environment): string =>
  facts([
    ['hostname', known.hostname],
    ['system', known.os],
    ['shell', known.shell],
    ['home', known.home],
    ['asked', known.takenAt],
    ...known.path.map((directory, index): [string, string] => [
      index === 0 ? 'path' : '',
      known.sources.added.includes(directory) ? `${directory} (added)` : directory,
    ]),
    ['variables', known.variables.join(' ')],
    ...known.warnings.map((warning): [string, string] => ['warning', warning]),
  ]);

const keyFact = ({ type, fingerprint }: NonNullable<RemoteTest['hostKey']>): string =>
  `${type} ${fingerprint}`;

const agentFact = (detection: Detection): string => {
  const { agent, found, path, version } = detection;
  if (!found) return `${agent} was not found`;
  const login = loginOf(detection);
  return `${agent} ${version ?? ''} at ${path ?? '?'}${login === '' ? '' : `, ${login}`}`;
};

const failedTest = ({ error }: RemoteTest): CliFailure =>
  new CliFailure(
    exitCodeFor(error?.code ?? 'ssh/failed'),
    `The test failed: ${error?.message ?? 'no reason was given'}`,
    error?.hint ? { hint: error.hint } : {},
  );
