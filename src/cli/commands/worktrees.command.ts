import { type Command } from 'commander';
import { type ApiClient } from '../api-client.js';
import { sessionShape, type Worktree, worktreeShape } from '../api-shapes.js';
import { type Cli } from '../cli.js';
import { CliFailure } from '../cli-failure.js';
import { EXIT } from '../exit-codes.js';
import { findSession } from '../find.js';
import { given } from '../option-values.js';
import { table } from '../table.js';

export const addWorktreesCommand = (program: Command, cli: Cli): void => {
  const worktrees = program
    .command('worktrees')
    .description("git worktrees of a session's repository, each with a session of its own");

  worktrees
    .command('list [session]')
    .description('show the worktrees of one session, or of all')
    .action(async (name: string | undefined, _options: object, command: Command) => {
      const api = await cli.api(command);
      const items = await worktreesOf(api, name);
      const rows = items.map(({ branch, path, sessionId, id }) => [
        branch,
        path ?? '',
        sessionId ?? '',
        id,
      ]);
      cli.print(command, { items }, table(['BRANCH', 'PATH', 'SESSION', 'ID'], rows));
    });

  worktrees
    .command('create <session> <branch>')
    .description('make a worktree on a branch, and a session in it')
    .option('--base <ref>', 'where a new branch starts')
    .option('--directory <dir>', 'where the worktree goes')
    .action(
      async (
        name: string,
        branch: string,
        { base, directory }: { base?: string; directory?: string },
        command: Command,
      ) => {
        const api = await cli.api(command);
        const path = `/sessions/${await findSession(api, name)}/worktrees`;
        const worktree = await api.start(path, given({ branch, base, directory }), worktreeShape);
        const inSession = worktree.sessionId === null ? '' : `, session ${worktree.sessionId}`;
        cli.print(command, worktree, `${worktree.branch} is worktree ${worktree.id}${inSession}\n`);
      },
    );

  worktrees
    .command('rm <worktree>')
    .description('forget a worktree, by its id or its branch; its files stay')
    .option('--delete', 'delete its files too')
    .option('--force', 'also when it holds work that is not committed')
    .action(
      async (wanted: string, options: { delete?: boolean; force?: boolean }, command: Command) => {
        const api = await cli.api(command);
        const { id, branch } = await findWorktree(api, wanted);
        const mode = options.delete ? 'delete' : 'forget';
        await api.delete(`/worktrees/${id}`, { mode, force: options.force });
        cli.print(command, { id, removed: true }, `The worktree of ${branch} is removed\n`);
      },
    );
};

const worktreesOf = async (api: ApiClient, session: string | undefined): Promise<Worktree[]> => {
  const sessions =
    session === undefined
      ? (await api.all('/sessions', sessionShape)).map(({ id }) => id)
      : [await findSession(api, session)];
  const found = new Map<string, Worktree>();
  for (const id of sessions) {
    for await (const worktree of api.list(`/sessions/${id}/worktrees`, worktreeShape)) {
      found.set(worktree.id, worktree);
    }
  }
  return [...found.values()];
};

const findWorktree = async (api: ApiClient, wanted: string): Promise<Worktree> => {
  const all = await worktreesOf(api, undefined);
  const found = all.filter(({ id, branch }) => branch === wanted || id.startsWith(wanted));
  const [only] = found;
  if (!only) throw new CliFailure(EXIT.notFound, `There is no worktree "${wanted}"`);
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(', ');
    throw new CliFailure(EXIT.usage, `"${wanted}" fits ${found.length} worktrees`, {
      hint: `Name one by its id: ${ids}`,
    });
  }
  return only;
};
