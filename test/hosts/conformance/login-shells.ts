import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { findBusybox } from '../../support/busybox.js';

export interface LoginShell {
  name: string;
  /** Its path, made below `dir` where the machine has it only as part of another program; null when it lacks it. */
  find: (dir: string) => string | null;
  /** Its rc files by their path in the home directory: noise, then a variable from the file `odd`, then PATH. */
  files: Record<string, string>;
}

const installed =
  (name: string): LoginShell['find'] =>
  () =>
    ['/bin', '/usr/bin', '/usr/local/bin']
      .map((directory) => join(directory, name))
      .find((path) => existsSync(path)) ?? null;

/** Programs that scripts need, made useless for them; output that is no text and does not end its line. */
const NOISE = `
printf 'noise\\033[2J\\000\\377 no newline'; seq 1 20000; seq 1 2000 >&2
read answer || true; alias env=false printf=false echo=false cd=false grep=false
`;
const EXPORTS = `
ODD="$(cat ~/odd)"; export ODD
PATH="$HOME/tools:$PATH"; export PATH
`;
const PROFILE = NOISE + EXPORTS;
const FISH = `
echo noise; seq 1 20000
set -gx ODD (cat ~/odd | string collect)
if status is-interactive
  read answer; alias cd false; alias env false
  set -gx PATH $HOME/tools $PATH
end
`;

export const LOGIN_SHELLS: readonly LoginShell[] = [
  {
    name: 'bash',
    find: installed('bash'),
    files: {
      '.bashrc': 'echo noise from bashrc; set -e',
      '.bash_profile': `. ~/.bashrc; ${NOISE} case $- in *i*) ;; *) return;; esac; ${EXPORTS}`,
    },
  },
  {
    name: 'zsh',
    find: installed('zsh'),
    files: { '.zshenv': 'echo noise; seq 1 20000', '.zshrc': PROFILE, '.zlogin': 'echo bye' },
  },
  { name: 'fish', find: installed('fish'), files: { '.config/fish/config.fish': FISH } },
  {
    name: 'tcsh',
    find: installed('tcsh'),
    files: {
      '.tcshrc': 'echo noise; seq 1 20000; alias cd false; setenv ODD "`cat ~/odd`"',
      '.login': 'echo login; set x=$<; setenv PATH ${HOME}/tools:${PATH}',
    },
  },
  { name: 'dash', find: installed('dash'), files: { '.profile': PROFILE } },
  {
    name: 'busybox ash',
    find: (dir) => {
      const busybox = findBusybox();
      if (busybox === null) return null;
      const path = join(dir, 'ash');
      if (!existsSync(path)) copyFileSync(busybox, path);
      return path;
    },
    files: { '.profile': PROFILE },
  },
  { name: 'ksh', find: installed('ksh'), files: { '.profile': PROFILE } },
  { name: 'mksh', find: installed('mksh'), files: { '.profile': PROFILE } },
];

/** Fills the home directory of a user who has this login shell. */
export const furnish = async (shell: LoginShell, home: string, odd: string): Promise<void> => {
  await mkdir(join(home, 'tools'), { recursive: true });
  await writeFile(join(home, 'odd'), odd);
  for (const [name, text] of Object.entries(shell.files)) {
    await mkdir(dirname(join(home, name)), { recursive: true });
    await writeFile(join(home, name), `${text}\n`);
  }
};

/** Whether a program can be started at all: some containers forbid what it needs. */
export const works = (path: string): boolean => {
  try {
    execFileSync(path, ['-c', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
