import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CliFailure } from '../cli-failure.js';
import { EXIT } from '../exit-codes.js';
import { type LoopbackSsh } from './loopback-ssh.js';
import { startLoopbackSshd } from './loopback-sshd.js';
import { makeProjects } from './projects.js';

export type SshServerChoice = 'auto' | 'openssh' | 'builtin';

/** Everything around the server: directories, two git projects, and an SSH host on loopback. */
export interface DemoWorld {
  root: string;
  dataDir: string;
  /** An empty home directory, so that the demo leaves nothing in the real one. */
  home: string;
  /** Where the demo agent writes down what it does, on whichever host. */
  journal: string;
  /** Distinguishes names of this demo from those of earlier ones in the same database. */
  tag: string;
  projects: { web: string; api: string };
  ssh: LoopbackSsh;
  sshServer: string;
}

export const makeRoot = async (): Promise<string> =>
  realpath(await mkdtemp(join(tmpdir(), 'maestro-demo-')));

export const makeWorld = async (root: string, choice: SshServerChoice): Promise<DemoWorld> => {
  const projectsRoot = join(root, 'projects');
  const sshDir = join(root, 'ssh');
  const dataDir = join(root, 'data');
  const home = join(root, 'home');
  for (const directory of [projectsRoot, sshDir, dataDir, home])
    await mkdir(directory, { mode: 0o700 });
  const projects = await makeProjects(projectsRoot);
  const { ssh, sshServer } = await startSsh(sshDir, choice);
  await Promise.all([prepareHome(ssh.home), prepareHome(home)]);
  const tag = randomBytes(2).toString('hex');
  return {
    root,
    dataDir,
    home,
    journal: join(root, 'journal.ndjson'),
    tag,
    projects,
    ssh,
    sshServer,
  };
};

export const removeRoot = (root: string): Promise<void> =>
  rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });

const startSsh = async (
  directory: string,
  choice: SshServerChoice,
): Promise<{ ssh: LoopbackSsh; sshServer: string }> => {
  if (choice !== 'builtin') {
    const ssh = await startLoopbackSshd(directory);
    if (ssh) return { ssh, sshServer: 'OpenSSH sshd' };
    if (choice === 'openssh') {
      throw new CliFailure(EXIT.error, 'This machine has no sshd', {
        hint: 'Install OpenSSH, or use --ssh-server builtin.',
      });
    }
  }
  const { startLoopbackSshServer } = await import('./loopback-ssh-server.js');
  return { ssh: await startLoopbackSshServer(directory), sshServer: 'built-in SSH server' };
};

/** The login PATH of a new home must lead to this Node.js, and to the agents that are found here. */
const prepareHome = async (home: string): Promise<void> => {
  const path = [dirname(process.execPath), process.env['PATH'] ?? ''].join(':');
  const line = `PATH=${quoted(path)}:$PATH; export PATH\n`;
  for (const file of ['.profile', '.bash_profile', '.bashrc', '.zprofile']) {
    await writeFile(join(home, file), line);
  }
};

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
