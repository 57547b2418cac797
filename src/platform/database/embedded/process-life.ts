import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const hasProc = existsSync('/proc/self/stat');

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

const ps = (pid: number, ...columns: string[]): string | null => {
  try {
    const format = columns.flatMap((column) => ['-o', `${column}=`]);
    const output = execFileSync('ps', ['-ww', ...format, '-p', String(pid)], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return output.trim() || null;
  } catch {
    return null;
  }
};

/**
 * A name for this life of the pid that no other process, before or after a reboot, shares.
 * Null when nothing runs under the pid; a zombie does not run.
 */
export const lifeOf = (pid: number): string | null => {
  if (!hasProc) {
    const line = ps(pid, 'stat', 'lstart');
    return line === null || line.startsWith('Z') ? null : line.replace(/^\S+\s+/, '');
  }
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the program's name in brackets and may itself hold spaces and brackets.
  const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return null;
  const boot = read('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return `${boot}:${fields[18] ?? ''}`;
};

export const isRunning = (pid: number): boolean => lifeOf(pid) !== null;

/** Whether the pid was started with `text` in its arguments. */
export const wasStartedWith = (pid: number, text: string): boolean => {
  const args = hasProc ? read(`/proc/${pid}/cmdline`) : ps(pid, 'args');
  return args?.includes(text) ?? false;
};
