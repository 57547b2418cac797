import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { type Host } from '../../src/hosts/host.js';
import { localHost } from '../../src/hosts/local/local-host.js';
import { canMount } from '../support/mounts.js';
import { SpawnedChannels } from '../support/spawned-channels.js';
import { sshdAvailable, startSshd } from '../support/sshd.js';
import { poolFor, rejectionOf } from '../support/ssh-pool.js';
import { ShellHost } from '../../src/hosts/shell/shell-host.js';
import { collect, exited, sh } from './conformance/run-outcome.js';
import { pidsWith } from './conformance/subject.js';

const bash = existsSync('/bin/bash');

(bash ? describe : describe.skip)(
  `The environment of a host${bash ? '' : ' (skipped: no bash on this machine)'}`,
  () => {
    let home: string;
    let tools: string;
    beforeEach(async () => {
      home = await mkdtemp(join(tmpdir(), 'maestro-env-'));
      tools = join(home, 'tools');
      await mkdir(tools);
    });
    afterEach(() => rm(home, { recursive: true, force: true }));

    const file = async (name: string, text: string, mode = 0o644): Promise<void> => {
      await mkdir(dirname(join(home, name)), { recursive: true });
      await writeFile(join(home, name), text, { mode });
    };
    const withProfile = async (text: string, shell = '/bin/bash'): Promise<Host> => {
      await file('.bash_profile', text);
      return localHost({ home, environment: { ...process.env, SHELL: shell } });
    };
    const setPath = (): string => `export PATH="${tools}:$PATH"\n`;
    const onlyEnvSh = async (): Promise<void> => {
      expect(await readdir(join(home, '.maestro'))).toEqual(['env.sh']);
    };

    it.each([
      [
        'print a million lines and bytes that are no text',
        'seq 1000000; head -c 300000 /dev/urandom',
      ],
      ['read from the terminal', 'read -r a; read -r b; cat'],
      ['stop at the first error', 'set -e -u'],
      [
        'give names of programs another meaning',
        'alias exec= echo=false env=false grep=false; cd() { exit 1; }; printf() { exit 1; }; [() { exit 1; }',
      ],
      ['write nothing that others can read', 'umask 077; set -o noclobber'],
    ])('is whole when rc files %s', async (_, profile) => {
      const known = await (
        await withProfile(`${profile.replace('alias exec=', 'alias')}\n${setPath()}`)
      ).environment();
      expect(known.path.split(':')[0]).toBe(tools);
      expect(known).toMatchObject({ shell: '/bin/bash', warnings: [] });
      await onlyEnvSh();
    });

    it('is that of the shell by which rc files replace it', async () => {
      const profile = `case $- in *i*) exec sh -c 'PATH="${tools}:$PATH"; export PATH; exec sh';; esac`;
      const known = await (await withProfile(profile)).environment();
      expect(known.path.split(':')[0]).toBe(tools);
      expect(known.warnings).toEqual([expect.stringContaining('replace it by another shell')]);
    });

    it('is what is left when rc files end an interactive shell, and says so', async () => {
      const profile = `export LEFT=1\n${setPath()} case $- in *i*) exit 3;; esac`;
      const known = await (await withProfile(profile)).environment();
      expect(known.path.split(':')[0]).toBe(tools);
      expect(known.variables).toContain('LEFT');
      expect(known.warnings).toEqual([
        '/bin/bash ended in its start-up files when it was asked as an interactive login shell. What only an interactive login shell sets is missing.',
      ]);
    });

    it('is plain when rc files end every shell, and says so', async () => {
      const host = await withProfile(`${setPath()} exit 3`);
      const known = await host.environment();
      expect(known.path.split(':')).not.toContain(tools);
      expect(known.sources.loginShell).toEqual([]);
      expect(known.warnings).toEqual([
        expect.stringContaining('PATH is only that of a bare session'),
      ]);
      expect((await host.run({ argv: ['echo', 'works'] })).stdout.toString()).toBe('works\n');
    });

    it('is plain when rc files hang every shell, says so, and leaves nothing of them running', async () => {
      const mark = `3600.${randomBytes(4).readUInt32BE()}`;
      await file('.local/bin/my-agent', '#!/bin/sh\necho found\n', 0o755);
      const host = await withProfile(`setsid sleep ${mark} & ${setPath()} sleep ${mark}`);
      const known = await host.environment();
      expect(known.warnings).toEqual([expect.stringContaining('within 6 s')]);
      expect((await host.run({ argv: ['my-agent'] })).stdout.toString()).toBe('found\n');
      expect(await pidsWith(`sleep\0${mark}`)).toEqual([]);
      await onlyEnvSh();
    });

    it('hands values of any bytes on to commands and runs, and shows none of them', async () => {
      const value =
        'it\'s "two"\nlines $(touch ~/canary) `touch ~/canary` \\n ÁÈ日本\u202e\u0001 end';
      await file('value', value);
      const host = await withProfile('export SECRET="$(cat ~/value)" EMPTY= SHLVL=7 _X=1');
      const show = 'printf %s "$SECRET"';
      expect((await host.run({ argv: ['sh', '-c', show] })).stdout.toString()).toBe(value);
      expect((await collect(host.runs.start(sh(show)))).stdout.toString()).toBe(value);
      const known = await host.environment();
      expect(known.variables).toEqual(expect.arrayContaining(['EMPTY', 'HOME', 'PATH', 'SECRET']));
      expect(known.variables).not.toContain('MAESTRO_RESOLVING_ENVIRONMENT');
      expect(JSON.stringify(known)).not.toMatch(/two|canary/);
      expect(existsSync(join(home, 'canary'))).toBe(false);
      expect((await stat(join(home, '.maestro/env.sh'))).mode & 0o077).toBe(0);
    });

    it('has the directories of version managers, the default version first, and tells them apart', async () => {
      const node = (version: string): string => join(home, `.nvm/versions/node/${version}/bin`);
      const volta = join(home, 'my volta');
      const usual = [
        '.cargo/bin',
        '.bun/bin',
        '.deno/bin',
        '.asdf/shims',
        '.local/share/mise/shims',
        '.local/share/pnpm',
        '.local/share/fnm/aliases/default/bin',
        'n/bin',
      ].map((name) => join(home, name));
      for (const each of [
        node('v8.1.0'),
        node('v18.1.0'),
        node('v20.9.0'),
        node('v22.1.0'),
        join(volta, 'bin'),
        ...usual,
      ])
        await mkdir(each, { recursive: true });
      await file('.nvm/alias/default', '20\n');
      const known = await (
        await withProfile(`export VOLTA_HOME="${volta}"\n${setPath()}`)
      ).environment();
      const path = known.path.split(':');
      expect(path.filter((each) => each.includes('.nvm'))).toEqual([
        node('v20.9.0'),
        node('v22.1.0'),
        node('v18.1.0'),
        node('v8.1.0'),
      ]);
      expect(path).toEqual(expect.arrayContaining([join(volta, 'bin'), ...usual]));
      const { loginShell, added } = known.sources;
      expect(loginShell[0]).toBe(tools);
      expect([...loginShell, ...added].sort()).toEqual([...path].sort());
      expect(added).toEqual(expect.arrayContaining(usual));
    });

    it('is asked once, by all that wait for it together, and again when told to or for another shell', async () => {
      const profile = `echo x >>~/asked; ${setPath()}`;
      const host = await withProfile(profile);
      const asked = async (): Promise<number> =>
        (await readFile(join(home, 'asked'), 'utf8')).length / 2;
      const [first] = await Promise.all([
        host.environment(),
        host.environment(),
        host.run({ argv: ['true'] }),
      ]);
      expect(await asked()).toBe(1);
      expect(Math.abs(Date.now() - Date.parse(first.takenAt))).toBeLessThan(60_000);
      await host.environment({ refresh: true });
      expect(await asked()).toBe(2);
      const again = localHost({ home, environment: { ...process.env, SHELL: '/bin/bash' } });
      expect((await again.environment()).path).toBe(first.path);
      expect(await asked()).toBe(2);
      await file('.profile', 'export ASKED_BY_SH=1');
      const other = localHost({ home, environment: { ...process.env, SHELL: '/bin/dash' } });
      expect((await other.environment()).variables).toContain('ASKED_BY_SH');
    });

    it('is not waited for longer than the caller wants', async () => {
      const host = await withProfile('until [ -e ~/go-on ]; do sleep 0.05; done');
      const signal = AbortSignal.timeout(100);
      await expect(host.environment({ signal })).rejects.toMatchObject({ name: 'TimeoutError' });
      await file('go-on', '');
      expect((await host.environment()).warnings).toEqual([]);
    });
  },
);

const lack = !sshdAvailable()
  ? 'no sshd on this machine'
  : !canMount()
    ? 'a user cannot get another login shell here: no mounts of its own'
    : null;

(lack === null ? describe : describe.skip)(
  `A user who cannot run commands${lack === null ? '' : ` (skipped: ${lack})`}`,
  () => {
    it.each(['/bin/false', '/usr/sbin/nologin'])(
      'is told so when the login shell is %s',
      async (loginShell) => {
        const sshd = await startSshd({ loginShell });
        const pool = poolFor(sshd);
        try {
          const host = new ShellHost({ id: 'remote', kind: 'ssh', name: 'devbox', channels: pool });
          expect(await rejectionOf(host.environment())).toMatchObject({
            code: 'host/unsuitable',
            message: expect.stringContaining('devbox: the login shell ended with 1'),
            hint: expect.stringContaining('login shell'),
          });
        } finally {
          await pool.close();
          await sshd.stop();
        }
      },
    );
  },
);

const bashAsSh = bash && canMount();

(bashAsSh ? describe : describe.skip)(
  `A host that logs idle users out${bashAsSh ? '' : ' (skipped: no bash, or it cannot be mounted as sh here)'}`,
  () => {
    it('by TMOUT does not end commands and follows that are silent for longer', async () => {
      const home = await mkdtemp(join(tmpdir(), 'maestro-idle-'));
      try {
        await writeFile(join(home, '.bash_profile'), 'export TMOUT=1');
        const script =
          'mount --bind /bin/bash "$(readlink -f /bin/sh)" && TMOUT=1 SHELL=/bin/bash exec /bin/sh -c "$0"';
        const channels = new SpawnedChannels(['unshare', '-m', 'sh', '-c', script], {
          home,
          path: '/usr/local/bin:/usr/bin:/bin',
        });
        const host = new ShellHost({ id: 'local', kind: 'local', name: 'local', channels });
        const late = 'sleep 2.5; echo late';
        const [command, run] = await Promise.all([
          host.run({ argv: ['sh', '-c', late] }),
          collect(host.runs.start(sh(late))),
        ]);
        expect([command.exitCode, command.stdout.toString()]).toEqual([0, 'late\n']);
        expect([run.last, run.stdout.toString()]).toEqual([exited(0), 'late\n']);
        expect((await host.environment()).variables).not.toContain('TMOUT');
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    });
  },
);
