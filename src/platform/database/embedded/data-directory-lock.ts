import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
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
 */
export const lockDataDirectory = async (dir: string): Promise<DataDirectoryLock> => {
  const lock = join(dir, 'server.lock');
  const draft = join(dir, `server.lock.${randomUUID()}`);
  const me: Holder = { pid: process.pid, life: lifeOf(process.pid) ?? '' };
  await writeFile(draft, JSON.stringify(me), { mode: 0o600 });
  try {
    // A link appears whole or not at all, and only one of two racing servers gets it.
    while (!(await succeeds(link(draft, lock), 'EEXIST'))) {
      refuseIfHeld(dir, await readHolder(lock));
      await setAside(dir, lock, `${draft}.stale`);
    }
  } finally {
    await rm(draft, { force: true });
  }
  return { release: () => rm(lock, { force: true }) };
};

/** Between our look and the move another server may have put its own lock there: that one goes back. */
const setAside = async (dir: string, lock: string, aside: string): Promise<void> => {
  if (!(await succeeds(rename(lock, aside), 'ENOENT'))) return;
  try {
    refuseIfHeld(dir, await readHolder(aside));
  } catch (inUse) {
    await succeeds(link(aside, lock), 'EEXIST');
    throw inUse;
  } finally {
    await rm(aside, { force: true });
  }
};

const refuseIfHeld = (dir: string, holder: Holder | null): void => {
  if (holder !== null && lifeOf(holder.pid) === holder.life)
    throw new DataDirInUse(dir, holder.pid);
};

const readHolder = async (path: string): Promise<Holder | null> => {
  try {
    return holderSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null;
  }
};

const succeeds = async (step: Promise<void>, expectedFailure: string): Promise<boolean> => {
  try {
    await step;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === expectedFailure) return false;
    throw error;
  }
};
