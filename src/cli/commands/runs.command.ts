import { type Command } from 'commander';
import { type ApiClient } from '../api-client.js';
import { type Run, runShape } from '../api-shapes.js';
import { type Cli } from '../cli.js';
import { findId } from '../find.js';
import { given } from '../option-values.js';
import { facts, table } from '../table.js';

const ACTIONS = {
  stop: 'end a run after its current task',
  kill: 'end a run and its current task now',
  resume: 'go on with a paused run; a task that failed is done again',
  skip: 'go on with a paused run, at the next document',
  abort: 'give a run up; its current task is cancelled',
} as const;

export const addRunsCommand = (program: Command, cli: Cli): void => {
  const runs = program
    .command('runs')
    .description('runs of playbooks: what goes on, and what went on');

  runs
    .command('list')
    .description('show all runs')
    .action(async (_options: object, command: Command) => {
      const api = await cli.api(command);
      const items = await api.all('/runs', runShape);
      const rows = items.map((run) => [run.id, run.state, tasksOf(run), run.startedAt ?? '']);
      cli.print(command, { items }, table(['ID', 'STATE', 'TASKS', 'STARTED'], rows));
    });

  runs
    .command('show <run>')
    .description('show one run')
    .action(async (wanted: string, _options: object, command: Command) => {
      const api = await cli.api(command);
      const run = await api.get(`/runs/${await findRun(api, wanted)}`, runShape);
      cli.print(command, run, runFacts(run));
    });

  for (const [action, description] of Object.entries(ACTIONS)) {
    runs
      .command(`${action} <run>`)
      .description(description)
      .option('--expect <state>', 'only if the run is in this state')
      .action(async (wanted: string, options: { expect?: string }, command: Command) => {
        const api = await cli.api(command);
        const path = `/runs/${await findRun(api, wanted)}/${action}`;
        const run = await api.post(path, given({ expectedState: options.expect }), runShape);
        cli.print(command, run, `Run ${run.id} is ${run.state}\n`);
      });
  }
};

const findRun = (api: ApiClient, wanted: string): Promise<string> =>
  findId(api, '/runs', 'run', wanted);

const tasksOf = ({ progress }: Run): string => `${progress.tasksDone}/${progress.tasksTotal}`;

const runFacts = (run: Run): string =>
  facts([
    ['id', run.id],
    ['session', run.sessionId],
    ['state', run.state],
    ['tasks', tasksOf(run)],
    ['paused', run.pause && [run.pause.reason, run.pause.detail].filter(Boolean).join(': ')],
    ['ended', run.endReason],
    ['started', run.startedAt],
    ['finished', run.finishedAt],
  ]);
