import { posix } from 'node:path';
import { z } from 'zod';

const MARKDOWN = /\.md$/i;

export const isMarkdown = (name: string): boolean => MARKDOWN.test(name);

/** Relative, of ordinary names, to a Markdown file. A path that could break a line of a prompt is none. */
export const isDocumentPath = (path: string): boolean =>
  isMarkdown(path) &&
  path.length <= 1_000 &&
  !/\p{Cc}/u.test(path) &&
  path.split('/').every((name) => name !== '' && name !== '.' && name !== '..');

export const documentPathSchema = z
  .string()
  .refine(isDocumentPath, 'A relative path of a .md file, without ".."')
  .describe('Path of a .md file, relative to the Auto Run folder');

export const DEFAULT_FOLDER = '.maestro/playbooks';

/** Where a folder setting leads: it may be absolute, below the home directory, or relative to the session's directory. */
export const resolveFolder = (folder: string | null, cwd: string, home: string): string => {
  const asked = expandHome(folder ?? DEFAULT_FOLDER, home);
  const absolute = posix.isAbsolute(asked) ? asked : posix.join(expandHome(cwd, home), asked);
  return posix.normalize(absolute).replace(/(?<=.)\/+$/, '');
};

/** A relative folder is part of the working tree, and so is another one in every worktree. */
export const isInWorkingTree = (folder: string | null): boolean =>
  folder === null || !/^(?:\/|~(?:\/|$))/.test(folder);

const expandHome = (path: string, home: string): string =>
  path === '~' || path.startsWith('~/') ? posix.join(home, path.slice(1)) : path;
