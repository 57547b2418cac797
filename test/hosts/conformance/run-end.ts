import { randomBytes } from 'node:crypto';
import { readFile, utimes } from 'node:fs/promises';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { type DurableRun, type Host } from '../../../src/hosts/host.js';
import { collect, exited, type Outcome, sh, takeUntil } from './run-outcome.js';
import { pidsWith, type Subject, until } from './subject.js';

/** `Host.runs`: every way to end, and what is left. */
export const runEndConformance = (subject: () => Subject): void => {
  describe('ends durable runs', () => {
    let host: Host;
    let home: string;
    beforeAll(() => {
      ({ host, home } = subject());
    });

    const run = (script: string, rest: Partial<DurableRun> = {}): Promise<Outcome> =>
      collect(host.runs.start(sh(script, rest)));

    it('whose end by a signal, missing directory or missing program is told', async () => {
      expect((await run('kill -TERM $$')).last).toEqual(exited(143, { signal: 'SIGTERM' }));
      expect((await run('true', { cwd: '/not/there' })).last).toEqual(exited(125, { why: 'cwd' }));
      const missing = await run('', { argv: ['no-such-program', 'x'] });
      expect(missing.last).toEqual(exited(127, { why: 'notfound' }));
      expect(missing.stderr.toString()).toContain('no-such-program: command not found');
    });

    it('that are cancelled with all they started, however stubborn', async () => {
      const mark = `32.${randomBytes(4).readUInt32BE()}`;
      const spec = sh(
        `trap '' INT TERM; setsid sh -c 'trap "" INT TERM; sleep ${mark}; sleep ${mark}' & env -i setsid sleep ${mark} & echo up; while :; do sleep ${mark}; done`,
      );
      const following = collect(host.runs.start(spec));
      await until(async () => (await pidsWith(`sleep\0${mark}`)).length === 3);
      const proof = await host.runs.cancel(spec, { intMs: 200, termMs: 200 });
      expect(proof).toEqual({ kind: 'gone' });
      expect(await pidsWith(mark)).toEqual([]);
      expect((await following).last).toEqual(exited(137, { signal: 'SIGKILL', why: 'cancelled' }));
      expect(await host.runs.cancel(spec)).toEqual({ kind: 'gone' });
    });

    it('that end by INT when they obey it', async () => {
      const spec = sh('echo up; exec sleep 33');
      const following = collect(host.runs.start(spec));
      await until(async () => (await host.runs.status(spec)).kind === 'running');
      expect(await host.runs.cancel(spec)).toEqual({ kind: 'gone' });
      expect((await following).last).toEqual(exited(130, { signal: 'SIGINT', why: 'cancelled' }));
    });

    it('that cannot start any more once they were cancelled', async () => {
      const spec = sh('echo x >~/never');
      expect(await host.runs.cancel(spec)).toEqual({ kind: 'gone' });
      const { last } = await collect(host.runs.start(spec));
      expect(last).toMatchObject({ type: 'ended', verdict: { kind: 'never-started' } });
      expect(await host.runs.status(spec)).toMatchObject({ kind: 'never-started' });
      expect(await host.files.stat('~/never')).toBeNull();
    });

    it('that are lost when their supervisor is killed', async () => {
      const spec = sh('echo up; exec sleep 34');
      const following = collect(host.runs.start(spec));
      const claim = `~/.maestro/runs/${spec.id}.pid`;
      await until(async () => (await host.runs.status(spec)).kind === 'running');
      const pid = Number((await host.files.read(claim)).content.toString().split(' ')[0]);
      process.kill(pid, 'SIGKILL');
      const outcome = await following;
      expect(outcome.stdout.toString()).toBe('up\n');
      expect(outcome.last).toEqual({
        type: 'ended',
        verdict: { kind: 'lost', cause: 'orphaned' },
      });
      process.kill(-pid, 'SIGKILL');
      await until(async () => {
        const status = await host.runs.status(spec);
        return status.kind === 'lost' && status.cause === 'killed';
      });
      const { last } = await collect(host.runs.follow(spec));
      expect(last).toEqual({ type: 'ended', verdict: { kind: 'lost', cause: 'killed' } });
    });

    it('that are killed as when memory runs out: the program alone, or all of it at once', async () => {
      expect((await run('kill -KILL $$')).last).toEqual(exited(137, { signal: 'SIGKILL' }));
      const mark = `39.${randomBytes(4).readUInt32BE()}`;
      const spec = sh(`echo up; exec sleep ${mark}`);
      const claim = `~/.maestro/runs/${spec.id}.pid`;
      const following = collect(host.runs.start(spec));
      await until(async () => (await host.runs.status(spec)).kind === 'running');
      const pid = Number((await host.files.read(claim)).content.toString().split(' ')[0]);
      await until(async () => (await pidsWith(`sleep\x00${mark}`)).length > 0);
      process.kill(-pid, 'SIGKILL');
      const { stdout, last } = await following;
      expect(stdout.toString()).toBe('up\n');
      expect(last).toEqual({ type: 'ended', verdict: { kind: 'lost', cause: 'killed' } });
    });

    it('whose output is still there when their host was rebooted', async () => {
      const mark = `40.${randomBytes(4).readUInt32BE()}`;
      const spec = sh(`echo up; exec sleep ${mark}`);
      await takeUntil(host.runs.start(spec), (e) => e.type === 'output');
      const claim = `~/.maestro/runs/${spec.id}.pid`;
      const own = (await host.files.read(claim)).content.toString();
      const [pid, start, , machine] = own.split(' ');
      await host.files.write(claim, `${[pid, start, 'earlier-boot', machine].join(' ')} .\n`);
      const { stdout, last } = await collect(host.runs.follow(spec));
      expect(stdout.toString()).toBe('up\n');
      expect(last).toEqual({ type: 'ended', verdict: { kind: 'lost', cause: 'rebooted' } });
      expect(await host.runs.cancel(spec)).toEqual({ kind: 'gone' });
      // What has the pid after a reboot is a stranger: it was not touched.
      await until(async () => (await pidsWith(`sleep\x00${mark}`)).length === 1);
      await host.files.write(claim, own);
      expect(await host.runs.cancel(spec)).toEqual({ kind: 'gone' });
      // What is left tells its state, parent and group, beside the supervisor of whom the claim speaks.
      const left = await pidsWith(`sleep\x00${mark}`);
      const seen = left.map((each) => readFile(`/proc/${each}/stat`, 'utf8').catch(String));
      expect({ own, left: await Promise.all(seen) }).toEqual({ own, left: [] });
    });

    it('that are not mistaken for others: another process, another boot, another machine', async () => {
      const spec = sh('exec sleep 35');
      await takeUntil(host.runs.start(spec), (e) => e.type === 'accepted');
      const claim = `~/.maestro/runs/${spec.id}.pid`;
      const own = (await host.files.read(claim)).content.toString();
      const [pid = '', start = '', boot = '', machine = ''] = own.split(' ');
      const forged = async (line: string[]): Promise<unknown> => {
        await host.files.write(claim, `${line.join(' ')} .\n`);
        return host.runs.status(spec);
      };
      expect(await forged([pid, `${start}1`, boot, machine])).toEqual({
        kind: 'lost',
        cause: 'killed',
      });
      expect(await forged([pid, start, 'other', machine])).toEqual({
        kind: 'lost',
        cause: 'rebooted',
      });
      expect(await forged([pid, start, 'other', 'elsewhere'])).toEqual({
        kind: 'wrong-host',
        hostname: 'elsewhere',
      });
      await host.files.write(claim, own);
      expect(await host.runs.cancel(spec)).toEqual({ kind: 'gone' });
    });

    it('of which a claim without identity is given up for good', async () => {
      const spec = sh('true');
      await host.files.write(`~/.maestro/runs/${spec.id}.pid`, '');
      const { last } = await collect(host.runs.follow(spec));
      expect(last).toMatchObject({ type: 'ended', verdict: { kind: 'never-started' } });
      // Also when it was cleared away: its supervisor may yet wake up.
      await host.runs.remove(spec);
      const again = await collect(host.runs.start(spec));
      expect(again.last).toMatchObject({ type: 'ended', verdict: { kind: 'never-started' } });
    });

    it('of which nothing is left once they are removed', async () => {
      const spec = sh('true');
      await collect(host.runs.start(spec));
      await host.runs.remove(spec);
      const names = (await host.files.list('~/.maestro/runs')).map((entry) => entry.name);
      expect(names.filter((entry) => entry.startsWith(spec.id))).toEqual([]);
      const { last } = await collect(host.runs.follow(spec));
      expect(last).toMatchObject({ type: 'ended', verdict: { kind: 'never-started' } });
    });

    it('of which a start that comes after their removal finds a fence, where one was left', async () => {
      const spec = sh('echo x >>~/late');
      await collect(host.runs.start(spec));
      await host.runs.remove(spec, { fence: true });
      const names = (await host.files.list('~/.maestro/runs')).map((entry) => entry.name);
      expect(names.filter((entry) => entry.startsWith(spec.id))).toEqual([`${spec.id}.fence`]);
      const { last } = await collect(host.runs.start(spec));
      expect(last).toMatchObject({ type: 'ended', verdict: { kind: 'never-started' } });
      // Nor does the fence go with what that start has left.
      await host.runs.remove(spec);
      expect((await collect(host.runs.start(spec))).last).toMatchObject(last ?? {});
      expect((await host.files.read('~/late')).content.toString()).toBe('x\n');
    });

    it('of which nothing is left when they were abandoned, by age, unless they are alive or kept', async () => {
      const [over, alive, kept, young] = [sh('true'), sh('exec sleep 38'), sh('true'), sh('true')];
      for (const spec of [over, kept, young]) {
        await collect(host.runs.start(spec));
        // The last file of a run comes just after its last word.
        await until(async () => (await host.runs.status(spec)).kind === 'exited');
      }
      await takeUntil(host.runs.start(alive), (e) => e.type === 'accepted');
      const old = new Date(Date.now() - 10 * 86_400_000);
      const names = async (): Promise<string[]> =>
        (await host.files.list('~/.maestro/runs')).map((entry) => entry.name);
      const claim = (await host.files.read(`~/.maestro/runs/${alive.id}.pid`)).content.toString();
      const elsewhere = `${claim.split(' ').slice(0, 2).join(' ')} other-boot elsewhere .\n`;
      await host.files.write('~/.maestro/runs/elsewhere.pid', elsewhere);
      // Of a young run only one file is young.
      for (const name of await names()) {
        if (name !== `${young.id}.out`) await utimes(`${home}/.maestro/runs/${name}`, old, old);
      }
      expect(await host.runs.collectAbandoned(7, { keep: [kept.id] })).toBeGreaterThan(0);
      const left = new Set((await names()).map((name) => name.replace(/\..*/, '')));
      const ids = [alive, kept, young].map(({ id }) => id);
      expect([...left].sort()).toEqual([...ids, 'elsewhere'].sort());
      expect(await host.runs.status(kept)).toMatchObject({ kind: 'exited' });
      expect(await host.runs.collectAbandoned(7, { keep: [kept.id] })).toBe(0);
      expect(await host.runs.cancel(alive)).toEqual({ kind: 'gone' });
    });

    it('that show no prompt, variable or nonce in any command line', async () => {
      const secret = `secret-${randomBytes(8).toString('hex')}`;
      const script = 'cat >/dev/null; until [ -e ~/seen-enough ]; do sleep 0.05; done';
      const small = sh(script, { env: { SECRET: secret }, stdin: Buffer.from(secret) });
      const bulk = sh(script, { stdin: Buffer.from(`${secret} `.repeat(10_000)) });
      const both = Promise.all([small, bulk].map((spec) => collect(host.runs.start(spec))));
      let leaks = 0;
      // The script itself stands on a command line: so the looking is known to see what there is.
      let looksAtTheRuns = 0;
      await until(async () => {
        for (const text of [secret, small.nonce, bulk.nonce])
          leaks += (await pidsWith(text)).length;
        if ((await pidsWith('seen-enough')).length >= 2) looksAtTheRuns += 1;
        return looksAtTheRuns === 3;
      });
      await host.files.write('~/seen-enough', '');
      expect((await both).map(({ last }) => last)).toEqual([exited(0), exited(0)]);
      expect(leaks).toBe(0);
    });

    it('that leave no follower behind when one stops to follow', async () => {
      const spec = sh('echo up; exec sleep 36');
      await takeUntil(host.runs.start(spec), (e) => e.type === 'output');
      await until(async () => (await pidsWith(`${spec.id}.out`)).length === 0);
      expect(await host.runs.status(spec)).toEqual({ kind: 'running' });
      expect(await host.runs.cancel(spec)).toEqual({ kind: 'gone' });
    });
  });
};
