import { readFile } from 'node:fs/promises';
import { type RunVerdict } from '../../src/hosts/index.js';
import { type ChaosReport } from './chaos-report.js';
import { type FollowedRun } from './followed-run.js';
import { expectBytes, expectedStream } from './numbered-stream.js';
import { type RunPlan } from './run-plan.js';

/** Fails unless a reader has got every byte once, and the run was executed once and ended as it should. */
export const judge = (
  plan: RunPlan,
  { run, committed, attachments, takeovers, bytes }: FollowedRun,
  verdict: RunVerdict,
  journal: readonly string[],
  report: ChaosReport,
): void => {
  const wrong = (what: string): Error =>
    new Error(`${run.id}: ${what}: ${JSON.stringify({ verdict, journal, plan })}`);
  const isCancelled = verdict.kind === 'exited' && verdict.why === 'cancelled';
  const neverRan = verdict.kind === 'never-started';
  if ((isCancelled || neverRan) && plan.cancelAfter === null) throw wrong('cancelled by nobody');
  const expected = expectedStream(plan.stream);
  for (const stream of ['stdout', 'stderr'] as const) {
    expectBytes(committed[stream], expected[stream], {
      of: `${run.id} ${stream}`,
      isPart: isCancelled || neverRan,
    });
  }
  const [start, ...rest] = journal;
  if (neverRan) {
    if (journal.length > 0 || bytes > 0) throw wrong('it ran');
  } else if (isCancelled) {
    if (rest.length > 0) throw wrong('it ran on, or twice');
  } else {
    const { exitCode } = plan.stream;
    const isRight = verdict.kind === 'exited' && verdict.exitCode === exitCode;
    if (!isRight || verdict.why !== null) throw wrong('not its end');
    if (start !== 'start' || rest.join() !== 'end') throw wrong('not executed once');
  }
  report.count('readers');
  report.count('bytes', bytes);
  report.count('re-attachments', attachments);
  report.count('takeovers', takeovers);
};

/** What the run wrote of itself: `start`, `end`. */
export const journalOf = async (path: string, id: string): Promise<string[]> => {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([of, event]) => (of === id && event !== undefined ? [event] : []));
};
