import { type Command } from 'commander';
import { type ApiClient } from '../api-client.js';
import { type Run, runShape, taskShape } from '../api-shapes.js';
import { type Cli } from '../cli.js';
import { CliFailure } from '../cli-failure.js';
import { Deadline } from '../deadline.js';
import { EXIT } from '../exit-codes.js';
import { findId, findSession } from '../find.js';
import { collect, given, positiveNumber, wholeNumber } from '../option-values.js';
import { followRun, RunProgress } from '../run-follow.js';
import { worktreeFrom } from './playbooks.command.js';

interface RunOptions {
  playbook?: string;
  document?: string[];
  reset?: string[];
  loop?: boolean;
  maxLoops?: number;
  prompt?: string;
  worktree?: string;
  base?: string;
  pullRequest?: boolean;
  targetBranch?: string;
  dryRun?: boolean;
  detach?: boolean;
  timeout?: number;
}

export const addRunCommand = (program: Command, cli: Cli): void => {
  program
    .command('run <session>')
    .description('work through a playbook or documents, and follow it until it has ended')
    .option('-b, --playbook <playbook>', 'a saved playbook')
    .option('-d, --document <path>', 'or a document, in order (repeat for more)', collect)
    .option('--reset <path>', 'a document that starts afresh in each run', collect)
    .option('--loop', 'begin again after the last document')
    .option('--max-loops <n>', 'passes at most', wholeNumber)
    .option('-p, --prompt <text>', 'what to tell the agent; `-`: from standard input')
    .option('-w, --worktree <branch>', 'work in a git worktree on this new branch')
    .option('--base <ref>', 'where that branch starts')
    .option('--pull-request', 'open a pull request at the end')
    .option('--target-branch <branch>', 'where the pull request goes')
    .option('--dry-run', 'only say which tasks there are')
    .option('--detach', 'do not wait for its end')
    .option('--timeout <seconds>', 'stop waiting after this long; the run goes on', positiveNumber)
    .action(async (name: string, options: RunOptions, command: Command) => {
      const api = await cli.api(command);
      const sessionId = await findSession(api, name);
      const body = { sessionId, ...(await workFrom(api, cli, options)) };
      const run = await api.start('/runs', body, runShape);
      if (options.dryRun) {
        const tasks = await api.all(`/runs/${run.id}/tasks`, taskShape);
        const lines = tasks.map(({ document, text }) => `${document}: ${text}\n`);
        cli.print(command, { ...run, tasks }, lines.join(''));
        return;
      }
      if (options.detach) {
        cli.print(command, run, `${run.id} ${run.state}: ${tasksOf(run)}\n`);
        return;
      }
      cli.progress(`Run ${run.id}`);
      await followToTheEnd(api, cli, command, run, options.timeout);
    });
};

const workFrom = async (api: ApiClient, cli: Cli, options: RunOptions): Promise<object> => {
  const documents = options.document?.map((path) => ({
    path,
    resetOnCompletion: options.reset?.includes(path) ?? false,
  }));
  if ((options.playbook === undefined) === (documents === undefined)) {
    throw new CliFailure(EXIT.usage, 'A run needs either --playbook or at least one --document');
  }
  return given({
    playbookId: options.playbook && (await findId(api, '/playbooks', 'playbook', options.playbook)),
    documents,
    loop: options.loop,
    maxLoops: options.maxLoops,
    prompt: options.prompt === undefined ? undefined : await cli.prompt(options.prompt),
    worktree: worktreeFrom(options),
    dryRun: options.dryRun,
  });
};

const followToTheEnd = async (
  api: ApiClient,
  cli: Cli,
  command: Command,
  run: Run,
  timeout: number | undefined,
): Promise<void> => {
  const deadline = new Deadline(cli.world.signal, timeout);
  const json = cli.wantsJson(command);
  const progress = new RunProgress();
  try {
    const ended = await followRun(api, run.id, {
      signal: deadline.signal,
      onEvent: (event) => {
        if (json) cli.line(event);
        else for (const line of progress.linesOf(event)) cli.progress(line);
      },
    });
    if (json) cli.line({ type: 'result', data: ended });
    else cli.write(`${ended.id} ${ended.state}: ${tasksOf(ended)}\n`);
    if (ended.state !== 'completed') throw unfinished(ended);
  } catch (error) {
    throw deadline.explain(error, `The run goes on; \`maestro runs stop ${run.id}\` stops it.`);
  } finally {
    deadline.clear();
  }
};

const tasksOf = ({ progress }: Run): string =>
  `${progress.tasksDone} of ${progress.tasksTotal} tasks done`;

const unfinished = ({ id, state, pause, endReason }: Run): CliFailure => {
  const reason =
    pause === null ? endReason : [pause.reason, pause.detail].filter(Boolean).join(': ');
  return new CliFailure(
    reason !== null && /budget/.test(reason) ? EXIT.budget : EXIT.workFailed,
    `The run is ${state}${reason ? ` (${reason})` : ''}`,
    state === 'paused'
      ? {
          hint: `Look at it with \`maestro runs show ${id}\`, then \`runs resume\`, \`skip\` or \`abort\`.`,
        }
      : {},
  );
};
