import { posix } from 'node:path';
import { type Host } from '../../hosts/host.js';

/** Beside the repository, never in it: `/src/app` and `feat/x` give `/src/app-worktrees/feat-x`. */
export const defaultPath = (repository: string, branch: string): string =>
  posix.join(`${repository.replace(/\/+$/, '')}-worktrees`, branch.replaceAll('/', '-'));

export const isWithin = (directory: string, path: string): boolean =>
  path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);

/** The absolute path with every link resolved, also when its last parts do not exist yet. */
export const realTarget = async (host: Host, path: string): Promise<string> => {
  const absolute = path.startsWith('~/')
    ? posix.join((await host.environment()).home, path.slice(2))
    : posix.normalize(path);
  const missing: string[] = [];
  for (let at = absolute.replace(/(?<=.)\/+$/, ''); ; at = posix.dirname(at)) {
    const stat = await host.files.stat(at);
    if (stat) return posix.join(stat.realPath, ...missing);
    if (at === '/') return absolute;
    missing.unshift(posix.basename(at));
  }
};
