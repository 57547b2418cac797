import { open } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { types } from 'node:util';
import { ConfigFault, LineFault, NeedsSshClient } from './config-fault.js';
import { type ConfigLine, readLines } from './config-line.js';
import { type Directive } from './directives.js';
import { filesMatching } from './glob.js';

export interface RootFile {
  path: string;
  /** The server user's own, and not the system's: `~` may stand in its includes, and relative ones count from `~/.ssh`. */
  isUsers: boolean;
  /** It was named explicitly. */
  mustExist?: boolean;
  /** Nobody else may be able to write it. */
  isGuarded?: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

const WRITABLE_BY_OTHERS = 0o022;

/** The files that `ssh` reads, in its order; `none` for none. */
export const rootFilesOf = (configPath: string | undefined): RootFile[] => {
  if (configPath?.toLowerCase() === 'none') return [];
  if (configPath !== undefined) return [{ path: configPath, isUsers: true, mustExist: true }];
  return [
    { path: join(userInfo().homedir, '.ssh', 'config'), isUsers: true, isGuarded: true },
    { path: '/etc/ssh/ssh_config', isUsers: false },
  ];
};

/** The files of an ssh config, each read and each line understood once for however many questions. */
export class ConfigFiles {
  readonly #lines = new Map<string, Promise<readonly ConfigLine[] | null>>();
  readonly #included = new Map<string, Promise<string[]>>();

  constructor(
    readonly roots: readonly RootFile[],
    readonly environment: Environment,
  ) {}

  /** Null when the file cannot be opened. Refuses a guarded file that others may write. */
  lines(path: string, isGuarded = false): Promise<readonly ConfigLine[] | null> {
    const key = `${String(isGuarded)} ${path}`;
    let lines = this.#lines.get(key);
    if (lines === undefined) this.#lines.set(key, (lines = readConfig(path, isGuarded)));
    return lines;
  }

  /** What the line says. Throws its fault. */
  valuesOf(line: ConfigLine, directive: Directive): string[] | null {
    line.outcome ??= this.outcomeOf(line, directive);
    if (line.outcome.fault) throw line.outcome.fault;
    return line.outcome.values;
  }

  private outcomeOf(line: ConfigLine, directive: Directive): NonNullable<ConfigLine['outcome']> {
    try {
      return { values: directive.read(line, this.environment), fault: null };
    } catch (error) {
      if (error instanceof LineFault) return { values: null, fault: error };
      throw error;
    }
  }

  /** The files that a pattern of an `Include` names. */
  async included(pattern: string, isUsers: boolean): Promise<string[]> {
    const path = this.anchored(pattern, isUsers);
    let files = this.#included.get(path);
    if (files === undefined) this.#included.set(path, (files = filesMatching(path)));
    return files;
  }

  private anchored(pattern: string, isUsers: boolean): string {
    const home = this.environment['HOME'] ?? userInfo().homedir;
    if (/^~(\/|$)/.test(pattern)) return home + pattern.slice(1);
    if (pattern.startsWith('~')) throw new NeedsSshClient(`Include ${pattern}`);
    return isAbsolute(pattern) ? pattern : join(isUsers ? join(home, '.ssh') : '/etc/ssh', pattern);
  }
}

const readConfig = async (
  path: string,
  isGuarded: boolean,
): Promise<readonly ConfigLine[] | null> => {
  const file = await open(path).catch((cause: unknown) => {
    if (types.isNativeError(cause) && 'code' in cause) return null;
    throw cause;
  });
  if (file === null) return null;
  try {
    const status = await file.stat();
    const isOurs = status.uid === 0 || status.uid === userInfo().uid;
    if (isGuarded && (!isOurs || (status.mode & WRITABLE_BY_OTHERS) !== 0))
      throw new ConfigFault(`Bad owner or permissions on ${path}`);
    return status.isDirectory() ? [] : readLines(path, await file.readFile('utf8'));
  } finally {
    await file.close();
  }
};
