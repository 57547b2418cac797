import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const entryShape = z.object({
  at: z.string(),
  event: z.enum(['start', 'end']),
  sessionId: z.string(),
  role: z.string().nullish(),
  task: z.string().nullish(),
  hostname: z.string().nullish(),
  cwd: z.string().nullish(),
  exitCode: z.number().nullish(),
});
export type JournalEntry = z.infer<typeof entryShape>;

/** What the demo agent wrote down itself, whatever became of links and servers meanwhile. */
export const readJournal = async (path: string): Promise<JournalEntry[]> => {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => entryShape.parse(JSON.parse(line)));
};

/** One execution of a task: its start, and its end if it had one. */
export interface Execution {
  task: string;
  start: JournalEntry;
  ends: JournalEntry[];
}

/** Every start of a task in the order of the journal. */
export const executionsOf = (journal: readonly JournalEntry[]): Execution[] =>
  journal
    .filter(({ event, role }) => event === 'start' && role === 'task')
    .map((start) => ({
      start,
      task: start.task ?? '',
      ends: journal.filter(
        ({ event, sessionId }) => event === 'end' && sessionId === start.sessionId,
      ),
    }));
