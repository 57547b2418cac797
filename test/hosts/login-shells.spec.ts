import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LoopbackSshd } from '../../src/cli/demo/loopback-sshd.js';
import { type Host } from '../../src/hosts/host.js';
import { canMount, withUser } from '../support/mounts.js';
import { sshdAvailable } from '../support/sshd.js';
import { furnish, LOGIN_SHELLS, type LoginShell } from './conformance/login-shells.js';
import { overSsh } from './conformance/over-ssh.js';
import { collect, exited, sh } from './conformance/run-outcome.js';
import { type HostUnderTest, ODD, pidsWith, sha } from './conformance/subject.js';
import { hostConformance } from './host.conformance.js';

const DIR = mkdtempSync(join(tmpdir(), 'maestro-shells-'));
afterAll(() => {
  rmSync(DIR, { recursive: true, force: true });
});

/** csh takes no newline into a variable this way. */
const oddFor = ({ name }: LoginShell): string =>
  ['it\'s "quoted"', '$(touch ~/canary) `touch ~/canary` \\n', 'ÁÈ日本 \u202e'].join(
    name === 'tcsh' ? ' ' : '\n',
  );

const lackOf = (shell: LoginShell): string | null => {
  if (!sshdAvailable()) return 'no sshd on this machine';
  if (!canMount()) return 'a user cannot get another login shell here: no mounts of its own';
  return shell.find(DIR) === null ? `no ${shell.name} on this machine` : null;
};

const open = (shell: LoginShell): (() => Promise<HostUnderTest>) =>
  overSsh(async (dir) => {
    const home = join(dir, 'home');
    const path = shell.find(DIR) ?? '';
    await furnish(shell, home, oddFor(shell));
    return LoopbackSshd.start(dir, [], await withUser(join(dir, 'passwd'), { home, shell: path }));
  });

for (const shell of LOGIN_SHELLS) {
  const lack = lackOf(shell);
  const why = lack === null ? '' : ` (skipped: ${lack})`;
  (lack === null ? describe : describe.skip)(
    `A user whose login shell is ${shell.name}${why}`,
    () => {
      let under: HostUnderTest;
      let host: Host;
      beforeAll(async () => {
        under = await open(shell)();
        ({ host } = under);
      }, 60_000);
      afterAll(() => under.close());

      it('gets on the host what it gets in a terminal, whatever the start-up files print and ask', async () => {
        const known = await host.environment();
        const tools = `${known.home}/tools`;
        expect(known).toMatchObject({ shell: shell.find(DIR), warnings: [] });
        expect(known.path.split(':')[0]).toBe(tools);
        expect(known.sources.loginShell[0]).toBe(tools);
        expect(known.variables).toEqual(expect.arrayContaining(['HOME', 'ODD', 'PATH']));
        expect(JSON.stringify(known)).not.toContain('quoted');
        const said = await host.run({ argv: ['printenv', 'ODD'] });
        expect(said.stdout.toString()).toBe(`${oddFor(shell)}\n`);
        const run = await collect(host.runs.start(sh('printf %s "$ODD"; printf %s "$PATH" >&2')));
        expect(run.stdout.toString()).toBe(oddFor(shell));
        expect(run.stderr.toString()).toBe(known.path);
        expect(existsSync(`${known.home}/canary`)).toBe(false);
      });

      it('runs commands with arguments, variables, directory and input to the byte', async () => {
        const { home } = await host.environment();
        await host.run({ argv: ['mkdir', `${home}/odd 'dir' $(touch canary)`] });
        const stdin = randomBytes(300_000);
        const { stdout, exitCode } = await host.run({
          argv: ['sh', '-c', 'printf "[%s]" "$VALUE" "$@" "$PWD"; cat; exit 7', 'sh', ...ODD],
          env: { VALUE: ODD.join('|') },
          cwd: `~/odd 'dir' $(touch canary)`,
          stdin,
        });
        expect(exitCode).toBe(7);
        const head = [ODD.join('|'), ...ODD, `${home}/odd 'dir' $(touch canary)`];
        expect(stdout.subarray(0, -stdin.length).toString()).toBe(
          head.map((text) => `[${text}]`).join(''),
        );
        expect(sha(stdout.subarray(-stdin.length))).toBe(sha(stdin));
      });

      it('has files that are read, written and listed to the byte', async () => {
        const content = randomBytes(500_000);
        await host.files.write('~/files/$(touch canary) \n.bin', content);
        const [entry] = await host.files.list('~/files');
        expect(entry).toMatchObject({ name: '$(touch canary) \n.bin', size: content.length });
        const { content: read } = await host.files.read('~/files/$(touch canary) \n.bin');
        expect(sha(read)).toBe(sha(content));
      });

      it('has runs with a prompt of 5 MB, binary output and a line of 10 MB', async () => {
        const stdin = randomBytes(5_000_000);
        const echo = await collect(host.runs.start(sh('cat', { stdin })));
        expect([sha(echo.stdout), echo.last]).toEqual([sha(stdin), exited(0)]);
        const line = await collect(
          host.runs.start(sh("head -c 10000000 /dev/zero | tr '\\0' x; echo; exit 4")),
        );
        expect(line.stdout).toHaveLength(10_000_001);
        expect(line.last).toEqual(exited(4));
      });

      it('has runs that are followed anew after a cut, and of which a cancel leaves nothing', async () => {
        const mark = `38.${randomBytes(4).readUInt32BE()}`;
        const run = sh(`trap '' INT TERM; echo up; setsid sleep ${mark} & sleep ${mark}`);
        for await (const event of host.runs.start(run)) if (event.type === 'output') break;
        await under.cutLink?.();
        const again = await under.reopen();
        for await (const event of again.runs.follow(run)) {
          if (event.type === 'output') {
            expect(event.data.toString()).toBe('up\n');
            const patience = { intMs: 200, termMs: 200 };
            expect(await again.runs.cancel(run, patience)).toEqual({ kind: 'gone' });
          }
          if (event.type === 'ended') expect(event.verdict).toMatchObject({ why: 'cancelled' });
        }
        expect(await pidsWith(`sleep\0${mark}`)).toEqual([]);
      });
    },
  );
}

/** Once in full, for the shell that is least like a POSIX shell. */
const fish = LOGIN_SHELLS.find(({ name }) => name === 'fish');
if (fish && lackOf(fish) === null) hostConformance('ssh to a user of fish', open(fish));
