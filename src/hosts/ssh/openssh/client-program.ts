import { execFile } from 'node:child_process';
import { type HostLabel, SshFailure } from '../errors.js';

/** The first with `KnownHostsCommand` and everything else that is asked of it. */
const OLDEST = [8, 7] as const;
const ANSWER_MS = 5_000;

const asked = new Map<string, Promise<string | null>>();

/** What `ssh -V` says; null when there is no such program. Asked once, as long as there is one. */
const versionOf = (sshPath: string): Promise<string | null> => {
  const known = asked.get(sshPath);
  if (known) return known;
  const answer = new Promise<string | null>((resolve) => {
    execFile(sshPath, ['-V'], { timeout: ANSWER_MS }, (error, stdout, stderr) => {
      resolve(error ? null : `${stdout}${stderr}`.trim());
    });
  });
  asked.set(sshPath, answer);
  void answer.then((version) => {
    if (version === null) asked.delete(sshPath);
  });
  return answer;
};

/** What is wrong with the system's `ssh` for carrying a link; null when nothing is. */
export const clientFault = async (sshPath = 'ssh'): Promise<string | null> => {
  const version = await versionOf(sshPath);
  if (version === null) return 'there is no ssh client on this server';
  const [, major, minor] = /^OpenSSH_(?:for_Windows_)?(\d+)\.(\d+)/.exec(version) ?? [];
  const isUsable =
    Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
  return isUsable ? null : `the ssh client of this server is ${version}`;
};

/** Rejects with `ssh/unsupported`, naming what only the system's `ssh` can do. */
export const assertClient = async (
  sshPath: string | undefined,
  at: HostLabel,
  reasons: readonly string[],
): Promise<void> => {
  const fault = await clientFault(sshPath);
  if (fault === null) return;
  throw new SshFailure('ssh/unsupported', at, {
    detail: `${reasons.join(', ')}: ${fault}`,
    hint: `Install OpenSSH ${OLDEST.join('.')} or newer on the server: ${reasons.join(', ')} needs it. Or enter a host that can be reached without.`,
  });
};
