import { types } from 'node:util';
import { SshFailure } from '../errors.js';
import { runInGroup } from './process-group.js';
import { type SshConfigOptions, type SshLogin } from './question.js';

const NO_CLIENT = new Set<unknown>(['ENOENT', 'EACCES']);

/**
 * What `ssh -G` prints, by the lower-case name of the directive; null when there is no ssh client. Note that
 * `Match exec` runs commands: the file is the server user's own.
 */
export const askSshClient = async (
  host: string,
  { configPath, sshPath = 'ssh', environment }: SshConfigOptions,
  { user, port }: SshLogin,
  signal: AbortSignal,
): Promise<Map<string, string[]> | null> => {
  const args = [
    '-T',
    '-G',
    ...(configPath === undefined ? [] : ['-F', configPath]),
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    '--',
    host,
  ];
  try {
    const { code, stdout, stderr } = await runInGroup(sshPath, args, {
      environment,
      output: 'pipe',
      signal,
    });
    if (code === 0) return directivesIn(stdout);
    throw refusal(host, stderr);
  } catch (error) {
    if (types.isNativeError(error) && 'code' in error && NO_CLIENT.has(error.code)) return null;
    throw error;
  }
};

const refusal = (host: string, stderr: string): SshFailure => {
  const says = stderr
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('Pseudo-terminal'))
    .join('; ');
  return new SshFailure(
    'ssh/unsupported',
    { name: host, host },
    {
      detail: `ssh config: ${says}`,
      hint: 'Correct the ssh config of the server user: `ssh -G HOST` shows the same error.',
    },
  );
};

const directivesIn = (output: string): Map<string, string[]> => {
  const directives = new Map<string, string[]>();
  for (const line of output.split(/\r?\n/)) {
    const space = line.indexOf(' ');
    if (space <= 0) continue;
    const name = line.slice(0, space).toLowerCase();
    const values = directives.get(name);
    if (values) values.push(line.slice(space + 1));
    else directives.set(name, [line.slice(space + 1)]);
  }
  return directives;
};
