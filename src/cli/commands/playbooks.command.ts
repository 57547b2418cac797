import { type Command } from 'commander';
import { playbookShape } from '../api-shapes.js';
import { type Cli } from '../cli.js';
import { findId, findSession } from '../find.js';
import { collect, given, wholeNumber } from '../option-values.js';
import { table } from '../table.js';

interface CreateOptions {
  document: string[];
  reset?: string[];
  loop?: boolean;
  maxLoops?: number;
  prompt?: string;
  worktree?: string;
  base?: string;
  pullRequest?: boolean;
  session?: string;
}

export const addPlaybooksCommand = (program: Command, cli: Cli): void => {
  const playbooks = program
    .command('playbooks')
    .description('saved lists of documents with tasks, and how to work through them');

  playbooks
    .command('list')
    .description('show all playbooks')
    .action(async (_options: object, command: Command) => {
      const api = await cli.api(command);
      const items = await api.all('/playbooks', playbookShape);
      const rows = items.map(({ name, documents, loop, id }) => [
        ...[name, documents.map(({ path }) => path).join(', ')],
        ...[loop ? 'yes' : 'no', id],
      ]);
      cli.print(command, { items }, table(['NAME', 'DOCUMENTS', 'LOOP', 'ID'], rows));
    });

  playbooks
    .command('create <name>')
    .description('save a playbook')
    .requiredOption('-d, --document <path>', 'a document, in order (repeat for more)', collect)
    .option('--reset <path>', 'a document that starts afresh in each run', collect)
    .option('--loop', 'begin again after the last document')
    .option('--max-loops <n>', 'passes at most', wholeNumber)
    .option('-p, --prompt <text>', 'what to tell the agent; `-`: from standard input')
    .option('-w, --worktree <branch>', 'work in a git worktree on this new branch')
    .option('--base <ref>', 'where that branch starts')
    .option('--pull-request', 'open a pull request at the end')
    .option('-s, --session <session>', 'the session that it belongs to')
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const api = await cli.api(command);
      const reset = new Set(options.reset);
      const playbook = await api.post(
        '/playbooks',
        given({
          name,
          documents: options.document.map((path) => ({
            path,
            resetOnCompletion: reset.has(path),
          })),
          loop: options.loop ?? false,
          maxLoops: options.maxLoops,
          prompt: options.prompt === undefined ? undefined : await cli.prompt(options.prompt),
          worktree: worktreeFrom(options),
          sessionId: options.session && (await findSession(api, options.session)),
        }),
        playbookShape,
      );
      cli.print(command, playbook, `${playbook.name} is playbook ${playbook.id}\n`);
    });

  playbooks
    .command('rm <playbook>')
    .description('forget a playbook; its documents stay')
    .action(async (name: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const id = await findId(api, '/playbooks', 'playbook', name);
      await api.delete(`/playbooks/${id}`);
      cli.print(command, { id, removed: true }, `${name} is removed\n`);
    });
};

/** The `worktree` of a playbook or of a run; undefined when none is asked for. */
export const worktreeFrom = (options: {
  worktree?: string;
  base?: string;
  pullRequest?: boolean;
  targetBranch?: string;
}): object | undefined =>
  options.worktree === undefined
    ? undefined
    : given({
        branch: options.worktree,
        base: options.base,
        pullRequest: options.pullRequest,
        targetBranch: options.targetBranch,
      });
