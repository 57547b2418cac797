import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './chaos-hosts.js';
import { processesWith } from './processes.js';

/**
 * Waits until no spool is left in a home and no process whose environment has one of these variables. What fences off a
 * run that never started stays, so that it never will.
 */
export const expectNothingLeft = async (
  home: string,
  variables: readonly string[],
  limitMs: number,
): Promise<void> => {
  let left: string[] = [];
  const isEmpty = async (): Promise<boolean> => {
    const names = await readdir(join(home, '.maestro/runs')).catch(() => []);
    const fenced = new Set(names.flatMap((name) => /^(.*)\.fence$/.exec(name)?.[1] ?? []));
    const isMark = (name: string): boolean =>
      /\.(fence|cancel)$/.test(name) && fenced.has(name.replace(/\..*/, ''));
    left = [...(await processesWith(variables)), ...names.filter((name) => !isMark(name))];
    return left.length === 0;
  };
  await until(AbortSignal.timeout(limitMs), isEmpty).catch(() => {
    throw new Error(`Left behind in ${home}:\n${left.join('\n')}`);
  });
};
