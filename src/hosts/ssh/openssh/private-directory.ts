import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A socket's path has about 100 bytes, of which `ssh` takes 17 for itself; and it stands in an ssh config. */
const USABLE = /^\/[\w/.+-]{0,60}$/;

/** A new directory that only this user can enter. */
export const makePrivateDirectory = (): Promise<string> =>
  mkdtemp(join(USABLE.test(tmpdir()) ? tmpdir() : '/tmp', 'mst-'));
