import { posix } from 'node:path';

/** Names a directory of a host: two writing turns never run at once in the same one. */
export const workingTree = (remoteId: string | null, cwd: string): string => {
  const path = posix.normalize(cwd);
  return `${remoteId ?? 'local'}:${path.length > 1 ? path.replace(/\/+$/, '') : path}`;
};
