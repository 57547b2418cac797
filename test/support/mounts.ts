import { execFileSync } from 'node:child_process';

/** Whether a process may have mounts of its own here. */
export const canMount = (): boolean => {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
