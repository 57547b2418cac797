import { execFile } from 'node:child_process';
import { SshFailure } from '../errors.js';
import { type SshConfigOptions, type SshLogin } from './question.js';

const NO_CLIENT = new Set<unknown>(['ENOENT', 'EACCES']);

/**
 * What `ssh -G` prints, by the lower-case name of the directive; null when there is no ssh client. Note that
 * `Match exec` runs commands: the file is the server user's own.
 */
export const askSshClient = (
  host: string,
  { configPath, sshPath = 'ssh', environment }: SshConfigOptions,
  { user, port }: SshLogin,
  signal: AbortSignal,
): Promise<Map<string, string[]> | null> =>
  new Promise((resolve, reject) => {
    const args = [
      '-T',
      '-G',
      ...(configPath === undefined ? [] : ['-F', configPath]),
      ...(user === undefined ? [] : ['-l', user]),
      ...(port === undefined ? [] : ['-p', String(port)]),
      '--',
      host,
    ];
    const execution = {
      killSignal: 'SIGKILL' as const,
      signal,
      ...(environment === undefined ? {} : { env: environment }),
    };
    execFile(sshPath, args, execution, (error, stdout, stderr) => {
      if (error === null) resolve(directivesIn(stdout));
      else if (signal.aborted) reject(signal.reason as Error);
      else if (NO_CLIENT.has(error.code)) resolve(null);
      else reject(refusal(host, error, stderr));
    });
  });

const refusal = (host: string, cause: Error, stderr: string): SshFailure => {
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
      cause,
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
