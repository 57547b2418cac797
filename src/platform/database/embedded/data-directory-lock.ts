import { randomUUID } from 'node:crypto';
import { link, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DataDirInUse } from './embedded.errors.js';
import { lifeOf } from './process-life.js';

const holderSchema = z.object({ pid: z.number().int().positive(), life: z.string() });
type Holder = z.infer<typeof holderSchema>;

export interface DataDirectoryLock {
  release(): Promise<void>;
}

/**
 * Makes this process the only maestro server on `dir`. The lock of a process that is gone is taken over.
 * Without it a second server would take the first one's database for an orphan and stop it.
 *
 * The lock is the highest numbered `server.lock.N`. Taking over means to create N + 1, which the file system grants
 * to one of many; replacing one file in place would let a slow rival remove the lock that a fast one has just made.
 */
export const lockDataDirectory = async (dir: string): Promise<DataDirectoryLock> => {
  const pathOf = (generation: number): string => join(dir, `server.lock.${generation}`);
  const draft = join(dir, `server.lock.draft-${randomUUID()}`);
  const me: Holder = { pid: process.pid, life: lifeOf(process.pid) ?? '' };
  await writeFile(draft, JSON.stringify(me), { mode: 0o600 });
  try {
    for (;;) {
      const latest = (await generationsIn(dir))[0] ?? 0;
      const holder = await readHolder(pathOf(latest));
      if (holder !== null && lifeOf(holder.pid) === holder.life)
        throw new DataDirInUse(dir, holder.pid);
      const mine = pathOf(latest + 1);
      if (!(await created(draft, mine))) continue;
      const [newest, ...older] = await generationsIn(dir);
      if (newest === latest + 1) {
        await Promise.all(older.map((generation) => rm(pathOf(generation), { force: true })));
        return { release: () => release(mine) };
      }
      await rm(mine);
    }
  } finally {
    await rm(draft, { force: true });
  }
};

/** The highest number stays, without a holder, or the counting would begin anew under a rival that has just looked. */
const release = async (lock: string): Promise<void> => {
  await writeFile(`${lock}.released`, '{}', { mode: 0o600 });
  await rename(`${lock}.released`, lock);
};

const generationsIn = async (dir: string): Promise<number[]> => {
  const numbers = (await readdir(dir)).map((name) => /^server\.lock\.(\d+)$/.exec(name)?.[1]);
  return numbers
    .filter((number) => number !== undefined)
    .map(Number)
    .sort((a, b) => b - a);
};

/** No holder: there is no lock, or it was released. */
const readHolder = async (path: string): Promise<Holder | null> => {
  try {
    return holderSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null;
  }
};

/** A link appears whole or not at all, and never twice. */
const created = async (draft: string, path: string): Promise<boolean> => {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};
