import { randomBytes } from 'node:crypto';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { type DurableRun, type Host, type RunEvent } from '../../../src/hosts/host.js';
import { keepFollowing } from '../../../src/hosts/runs/keep-following.js';
import { collect, exited, type Outcome, sh, takeUntil } from './run-outcome.js';
import { ODD, sha, type Subject } from './subject.js';

/** `Host.runs`: started once, followed to the byte. */
export const runOutputConformance = (subject: () => Subject): void => {
  describe('has durable runs', () => {
    let host: Host;
    let home: string;
    let under: Subject;
    beforeAll(() => {
      under = subject();
      ({ host, home } = under);
    });

    const run = (script: string, rest: Partial<DurableRun> = {}): Promise<Outcome> =>
      collect(host.runs.start(sh(script, rest)));

    it('whose output comes in both streams, to the byte, with exit code', async () => {
      const { stdout, stderr, events, last } = await run('cat; echo err >&2; exit 3', {
        stdin: Buffer.from('a\\n\nb\r\n@@x\n'),
      });
      expect(events[0]).toEqual({ type: 'accepted', duplicate: false });
      expect([stdout.toString(), stderr.toString()]).toEqual(['a\\n\nb\r\n@@x\n', 'err\n']);
      expect(last).toEqual(exited(3));
    });

    it('with arguments, variables and directory as they were given', async () => {
      const env = Object.fromEntries(ODD.map((text, index) => [`ODD_${index}`, text]));
      const names = ODD.map((_, i) => `"$ODD_${i}"`).join(' ');
      const { stdout } = await run('', {
        argv: ['sh', '-c', `printf '[%s]' ${names} "$@" "$PWD" "$MAESTRO_RUN"`, 'sh', ...ODD],
        env,
        cwd: '~/.',
        id: 'test-of-arguments',
      });
      expect(stdout.toString()).toBe(
        [...ODD, ...ODD, home, 'test-of-arguments'].map((text) => `[${text}]`).join(''),
      );
    });

    it('that take a prompt of 5 MB and binary output, and keep no prompt', async () => {
      const stdin = randomBytes(5_000_000);
      const { stdout, last } = await run('cat', { stdin });
      expect(sha(stdout)).toBe(sha(stdin));
      expect(last).toEqual(exited(0));
      const left = await host.run({
        argv: ['sh', '-c', 'ls | grep "\\.in\\."'],
        cwd: '~/.maestro/runs',
      });
      expect(left.stdout.toString()).toBe('');
    });

    it('that write a line of 10 MB', async () => {
      const { stdout } = await run("head -c 10000000 /dev/zero | tr '\\0' x; echo");
      expect(stdout).toHaveLength(10_000_001);
    });

    it('whose report follows their output as a line of its own, however they end', async () => {
      const id = 'test-of-a-report';
      const report = `${home}/.maestro/runs/${id}.files/a dir/it's.json`;
      const write = (text: string): string => `mkdir -p "\${1%/*}"; printf '${text}' >"$1"`;
      const ends = (script: string, name: string): Promise<Outcome> => {
        const argv = ['sh', '-c', script, 'sh', report] as const;
        return collect(host.runs.start({ ...sh(''), argv, id: `${id}-${name}`, report }));
      };
      const told = await ends(`echo one; printf two; ${write('{\\n  "a": "%%s"\\n}')}`, 'whole');
      expect(told.stdout.toString()).toBe('one\ntwo\n{   "a": "%s" }\n');
      expect(told.last).toEqual(exited(0));
      const killed = await ends(`${write('x\\n')}; kill -KILL $$`, 'killed');
      expect(killed.stdout.toString()).toBe('\nx \n');
      expect(killed.last).toEqual(exited(137, { signal: 'SIGKILL' }));
      const long = await ends('head -c 200000 /dev/zero | tr "\\0" x >"$1"; exit 3', 'long');
      expect(long.stdout.toString()).toBe(`\n${'x'.repeat(65_536)}\n`);
      expect(long.last).toEqual(exited(3));
      const pipe = await ends('rm -f "$1"; mkfifo "$1" || exit 1; echo one', 'pipe');
      expect(pipe.stdout.toString()).toBe('one\n');
      expect(pipe.last).toEqual(exited(0));
    });

    it('that execute once, however often and from wherever they are started', async () => {
      const again = await under.reopen();
      const once = sh('echo x >>~/once; sleep 0.2; echo done');
      const racers = await Promise.all(
        [host, again, host].map((each) => collect(each.runs.start(once))),
      );
      racers.push(await collect(again.runs.start(once)));
      expect(racers.map(({ stdout }) => stdout.toString())).toEqual(Array(4).fill('done\n'));
      expect(racers.map(({ last }) => last)).toEqual(Array(4).fill(exited(0)));
      const accepted = racers.map(({ events }) => events[0]);
      expect(accepted.filter((e) => e?.type === 'accepted' && !e.duplicate)).toHaveLength(1);
      expect((await host.files.read('~/once')).content.toString()).toBe('x\n');
    });

    it('that are followed from any offset with identical bytes', async () => {
      const spec = sh('printf abcdefghij; printf KLMNO >&2');
      const whole = await collect(host.runs.start(spec));
      for (let at = 0; at <= 10; at += 1) {
        const from = { stdout: at, stderr: Math.min(at, 5) };
        const { stdout, stderr, last } = await collect(host.runs.follow(spec, { from }));
        expect(stdout).toEqual(whole.stdout.subarray(from.stdout));
        expect(stderr).toEqual(whole.stderr.subarray(from.stderr));
        expect(last).toEqual(whole.last);
      }
    });

    it('that go on when nobody follows, and for a new server', async () => {
      const spec = sh(
        'echo one; until [ -e ~/go-on ]; do sleep 0.05; done; echo two; echo three >&2',
      );
      const from = await takeUntil(host.runs.start(spec), (e) => e.type === 'output');
      const later = await under.reopen();
      expect(await later.runs.status(spec)).toEqual({ kind: 'running' });
      await host.files.write('~/go-on', '');
      const { stdout, stderr, last } = await collect(later.runs.follow(spec, { from }));
      expect([stdout.toString(), stderr.toString()]).toEqual(['two\n', 'three\n']);
      expect(last).toEqual(exited(0));
      expect(await later.runs.status(spec)).toEqual((exited(0) as { verdict: unknown }).verdict);
    });

    it('that lose and double no byte when the link is cut again and again', async () => {
      const { cutLink } = under;
      if (cutLink === undefined) return;
      const spec = sh(
        'i=0; while [ $i -lt 400 ]; do echo "line $i"; i=$((i+1)); sleep 0.005; done',
      );
      const links: string[] = [];
      const events = keepFollowing(host, spec, {
        from: { stdout: 0, stderr: 0 },
        started: false,
        backoff: { firstMs: 10, maxMs: 50 },
        onLink: (state) => links.push(state),
      });
      const parts: Buffer[] = [];
      let last: RunEvent | undefined;
      let nextCut = 200;
      for await (const event of events) {
        last = event;
        if (event.type !== 'output') continue;
        parts.push(event.data);
        if (event.offset < nextCut) continue;
        nextCut = event.offset + 800;
        await cutLink();
      }
      const lines = Array.from({ length: 400 }, (_, i) => `line ${i}\n`).join('');
      expect(Buffer.concat(parts).toString()).toBe(lines);
      expect(last).toEqual(exited(0));
      expect(links.filter((state) => state === 'lost').length).toBeGreaterThan(1);
    });
  });
};
