import { type Command, Option } from 'commander';
import { type ApiClient, type Query } from '../api-client.js';
import { type UsageReport, usageReportShape, type UsageSums } from '../api-shapes.js';
import { type Cli } from '../cli.js';
import { findId, findRemote, findSession } from '../find.js';
import { given } from '../option-values.js';
import { table } from '../table.js';

const GROUPS = ['day', 'session', 'group-chat', 'run', 'remote', 'agent', 'model'];

interface UsageOptions {
  by: string;
  from?: string;
  to?: string;
  timeZone: string;
  session?: string;
  chat?: string;
  run?: string;
  remote?: string;
}

export const addUsageCommand = (program: Command, cli: Cli): void => {
  program
    .command('usage')
    .description('what agents have used: tokens and cost')
    .addOption(new Option('--by <group>', 'add up by').choices(GROUPS).default('day'))
    .option('--from <time>', 'from this time on, as 2026-11-01T00:00:00Z')
    .option('--to <time>', 'before this time')
    .option(
      '--time-zone <name>',
      'in which a day begins',
      new Intl.DateTimeFormat().resolvedOptions().timeZone,
    )
    .option('--session <session>', 'of this session only')
    .option('--chat <chat>', 'of this group chat only')
    .option('--run <run>', 'of this run only')
    .option('--remote <remote>', 'on this remote only; `local` is the machine of the server')
    .action(async (options: UsageOptions, command: Command) => {
      const api = await cli.api(command);
      const { by, from, to, timeZone, session, chat, run, remote } = options;
      const asked = given({
        ...{ by, from, to, timeZone },
        sessionId: session === undefined ? undefined : await findSession(api, session),
        groupChatId:
          chat === undefined ? undefined : await findId(api, '/groupchats', 'group chat', chat),
        runId: run === undefined ? undefined : await findId(api, '/runs', 'run', run),
        remoteId:
          remote === undefined || remote === 'local' ? remote : await findRemote(api, remote),
      });
      const report = await wholeReport(api, asked);
      const rows = report.items.map((item) => [item.key ?? '-', ...cells(item)]);
      const head = [by.toUpperCase(), 'TURNS', 'IN', 'CACHED', 'OUT', 'USD'];
      cli.print(
        command,
        report,
        table(head, [...rows, ['total', ...cells(report.total)]]) + legend(report),
      );
    });
};

/** All groups, page by page, with what all of them come to. */
const wholeReport = async (api: ApiClient, asked: Query): Promise<UsageReport> => {
  const read = (cursor?: string): Promise<UsageReport> =>
    api.get('/usage', usageReportShape, { ...asked, limit: 200, cursor });
  const report = await read();
  const items = [...report.items];
  for (let next = report.nextCursor; typeof next === 'string';) {
    const more = await read(next);
    items.push(...more.items);
    next = more.nextCursor;
  }
  return { ...report, items, nextCursor: null };
};

const cells = (sums: UsageSums): string[] => [
  String(sums.turns),
  String(sums.inputTokens + sums.cacheWriteTokens),
  String(sums.cacheReadTokens),
  String(sums.outputTokens),
  sums.costUsd === null ? '?' : `${sums.costIsEstimate ? '~' : ''}${sums.costUsd.toFixed(4)}`,
];

const legend = ({ total, prices }: { total: UsageSums; prices: { date: string } }): string =>
  total.costIsEstimate ? `~ holds estimates, by the list prices of ${prices.date}\n` : '';
