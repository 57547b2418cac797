import { type Command } from 'commander';
import {
  type HostKeyImport,
  hostKeyImportShape,
  type HostKeys,
  hostKeysShape,
} from '../api-shapes.js';
import { type Cli } from '../cli.js';
import { findRemote } from '../find.js';
import { readLocal } from '../option-values.js';
import { readAll } from '../prompt-input.js';
import { table } from '../table.js';

export const addHostKeyCommand = (remotes: Command, cli: Cli): void => {
  const hostKey = remotes
    .command('host-key')
    .description('the keys by which a remote, and the hosts on the way to it, are known');

  hostKey
    .command('show <remote>')
    .description('show which keys are pinned, and which were offered last')
    .action(async (name: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const keys = await api.get(await pathOf(api, name), hostKeysShape);
      cli.print(command, keys, keysTable(keys));
    });

  hostKey
    .command('accept <remote> <fingerprint>')
    .description('pin the key that was offered, after comparing its fingerprint (SHA256:...)')
    .action(async (name: string, fingerprint: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const keys = await api.post(
        `${await pathOf(api, name)}/accept`,
        { fingerprint },
        hostKeysShape,
      );
      cli.print(command, keys, keysTable(keys));
    });

  hostKey
    .command('import <remote> [file]')
    .description('take them from a known_hosts file, or from `ssh-keyscan` on standard input')
    .action(async (name: string, file: string | undefined, _options: object, command: Command) => {
      const text =
        file === undefined || file === '-' ? await readAll(cli.world.stdin) : await readLocal(file);
      const api = await cli.api(command);
      const taken = await api.post(
        `${await pathOf(api, name)}/import`,
        { knownHosts: text.toString('utf8') },
        hostKeyImportShape,
      );
      cli.print(command, taken, takenTable(taken));
    });

  hostKey
    .command('forget <remote>')
    .description('forget all keys: the next connection decides as the first one did')
    .action(async (name: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      await api.delete(await pathOf(api, name));
      cli.print(command, { forgotten: true }, `The host keys of ${name} are forgotten\n`);
    });
};

const pathOf = async (api: Parameters<typeof findRemote>[0], name: string): Promise<string> =>
  `/remotes/${await findRemote(api, name)}/host-key`;

const keysTable = (keys: HostKeys): string => {
  const hosts = [{ host: THE_REMOTE, ...keys }, ...keys.hops];
  const rows = hosts.flatMap(({ host, pinned, offered }) => [
    ...(pinned ? [[host, pinned.authority ? 'pinned authority' : 'pinned', ...cells(pinned)]] : []),
    ...(offered && offered.fingerprint !== pinned?.fingerprint
      ? [[host, 'offered', ...cells(offered)]]
      : []),
  ]);
  const imported = keys.imported.map((line) => [
    line.host ?? THE_REMOTE,
    line.marker,
    ...cells(line),
  ]);
  return table(HEAD, [...rows, ...imported]);
};

const takenTable = ({ taken, otherLines, unreadableLines }: HostKeyImport): string =>
  table(
    HEAD,
    taken.map((line) => [line.host ?? THE_REMOTE, line.marker ?? 'pinned', ...cells(line)]),
  ) +
  `${String(otherLines)} other lines, ${String(unreadableLines)} that are no line of a known_hosts file\n`;

const THE_REMOTE = 'the remote';
const HEAD = ['HOST', 'IS', 'TYPE', 'FINGERPRINT'];

const cells = ({ type, fingerprint }: { type: string; fingerprint: string }): string[] => [
  type,
  fingerprint,
];
