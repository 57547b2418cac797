import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expandHome } from './remote-targets.js';
import { type RemoteRow } from './storage/remote.entity.js';

/**
 * Another one whenever a file has changed that the login to a remote is made from: its key, the agent's socket, and in
 * ssh-config mode the user's config and the keys that have their usual names.
 */
export const credentialsMark = async (
  { privateKeyPath, useSshConfig }: Pick<RemoteRow, 'privateKeyPath' | 'useSshConfig'>,
  agentSocket: string | null,
): Promise<string> => {
  const paths = [
    ...(privateKeyPath === null ? [] : [expandHome(privateKeyPath)]),
    ...(agentSocket === null ? [] : [agentSocket]),
    ...(useSshConfig ? USUAL.map((name) => join(homedir(), '.ssh', name)) : []),
  ];
  return JSON.stringify(await Promise.all(paths.map(markOf)));
};

const USUAL = ['config', 'id_ed25519', 'id_ecdsa', 'id_rsa'];

/** The time of the last change also of its permissions; null when there is none. */
const markOf = async (path: string): Promise<number | null> =>
  stat(path).then(
    ({ ctimeMs }) => ctimeMs,
    () => null,
  );
