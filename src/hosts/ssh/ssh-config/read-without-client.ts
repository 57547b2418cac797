import { SshFailure } from '../errors.js';
import { ConfigFault, NeedsSshClient } from './config-fault.js';
import { ConfigFiles, rootFilesOf } from './config-files.js';
import { evaluateSshConfig } from './evaluate-ssh-config.js';
import { type SshConfigOptions, type SshLogin } from './question.js';

/** The same answer as `askSshClient` gives, from the files themselves: `files` when they have been read already. */
export const readWithoutClient = async (
  host: string,
  { configPath, environment }: SshConfigOptions,
  login: SshLogin,
  signal: AbortSignal,
  files = new ConfigFiles(rootFilesOf(configPath), environment ?? {}),
): Promise<Map<string, string[]>> => {
  try {
    return await evaluateSshConfig(files, { alias: host, ...login, environment, signal });
  } catch (error) {
    const at = { name: host, host };
    if (error instanceof NeedsSshClient) {
      throw new SshFailure('ssh/unsupported', at, {
        detail: `the ssh config says ${error.directive}, which takes an ssh client to follow`,
        hint: 'Install the OpenSSH client on the server, or enter host, port, user and key of the remote by hand.',
        cause: error,
      });
    }
    if (error instanceof ConfigFault) {
      throw new SshFailure('ssh/unsupported', at, {
        detail: `ssh config: ${error.message.replaceAll('\n', '; ')}`,
        hint: 'Correct the ssh config of the server user.',
        cause: error,
      });
    }
    throw error;
  }
};
