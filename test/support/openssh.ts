import { spawnSync } from 'node:child_process';
import { type SshTarget } from '../../src/hosts/ssh/ssh-target.js';
import { sshdAvailable } from './sshd.js';

/** Whether this machine has a server, and a client that the second transport can use. */
export const opensshAvailable = (): boolean => {
  const { stderr } = spawnSync('ssh', ['-V'], { encoding: 'utf8' });
  const [, major, minor] = /^OpenSSH_(\d+)\.(\d+)/.exec(stderr) ?? [];
  return sshdAvailable() && Number(major) * 100 + Number(minor) >= 807;
};

/** The same host, reached by the system's `ssh` instead of ssh2. */
export const overOpenssh = (target: SshTarget): SshTarget => ({
  ownsKeys: true,
  ...target,
  transport: { kind: 'openssh', reasons: ['a test'] },
});
