import { access, constants } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { ConfigFault } from './config-fault.js';
import { runInGroup } from './process-group.js';

/** Runs the command of a `Match exec` as `ssh` does: in the user's shell, without input and output. */
export const succeeds = async (
  command: string,
  environment: Readonly<Record<string, string | undefined>> | undefined,
  signal: AbortSignal,
): Promise<boolean> => {
  const shell = environment?.['SHELL'] ?? userInfo().shell ?? '/bin/sh';
  await access(shell, constants.X_OK).catch((cause: unknown) => {
    throw new ConfigFault(`Shell "${shell}" is not executable`, { cause });
  });
  const { code } = await runInGroup(shell, ['-c', command], {
    environment,
    output: 'ignore',
    signal,
  });
  if (code === null) throw new ConfigFault(`match exec '${command}' error`);
  return code === 0;
};
