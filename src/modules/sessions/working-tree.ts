/** Names a directory of a host: two writing turns never run at once in the same one. */
export const workingTree = (remoteId: string | null, cwd: string): string =>
  `${remoteId ?? 'local'}:${cwd.length > 1 ? cwd.replace(/\/+$/, '') : cwd}`;
