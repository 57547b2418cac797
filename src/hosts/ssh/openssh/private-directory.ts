import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A socket's path has about 100 bytes, of which `ssh` takes 17 for itself; and it stands in an ssh config. */
const USABLE = /^\/[\w/.+-]{0,60}$/;

/** A new directory that only this user can enter. */
export const makePrivateDirectory = (): Promise<string> =>
  mkdtemp(join(USABLE.test(tmpdir()) ? tmpdir() : '/tmp', 'mst-'));

/** What cannot be removed stays there: no connection must fail for it, and no end of one. */
export const removePrivateDirectory = async (directory: string): Promise<void> => {
  await rm(directory, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
};
