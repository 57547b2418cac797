import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { ConfigFault } from './config-fault.js';

/** Runs the command of a `Match exec` as `ssh` does, and whatever it started ends with it when the signal comes. */
export const succeeds = async (
  command: string,
  environment: Readonly<Record<string, string | undefined>> | undefined,
  signal: AbortSignal,
): Promise<boolean> => {
  const shell = environment?.['SHELL'] ?? userInfo().shell ?? '/bin/sh';
  await access(shell, constants.X_OK).catch((cause: unknown) => {
    throw new ConfigFault(`Shell "${shell}" is not executable`, { cause });
  });
  signal.throwIfAborted();
  const env = environment === undefined ? {} : { env: environment };
  const child = spawn(shell, ['-c', command], { detached: true, stdio: 'ignore', ...env });
  const stop = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  };
  signal.addEventListener('abort', stop);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    signal.throwIfAborted();
    if (code === null) throw new ConfigFault(`match exec '${command}' error`);
    return code === 0;
  } finally {
    signal.removeEventListener('abort', stop);
  }
};
