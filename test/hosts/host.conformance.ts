import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import {
  type Command,
  type DurableRun,
  type Host,
  type RunEvent,
  type RunOffsets,
} from '../../src/hosts/host.js';
import { keepFollowing } from '../../src/hosts/runs/keep-following.js';

export interface HostUnderTest {
  host: Host;
  /** The same host as a new process of the server finds it. */
  reopen: () => Promise<Host>;
  /** Cuts the link (all open channels), which can be made again at once. */
  cutLink?: () => void | Promise<void>;
  close(): Promise<void>;
}

interface Outcome {
  stdout: Buffer;
  stderr: Buffer;
  events: RunEvent[];
  last: RunEvent | undefined;
}

const ODD = [
  "it's",
  '"quoted" \\back\\\\slash\\n',
  '$HOME `id` $(id) ${x}',
  'two\nlines\n',
  '\n',
  '*?[a]{b,c}~ ; & | < > ( ) # !',
  '',
  '-n',
  ' lead and trail ',
  'tab\tcr\rÁÈ日本\u0081',
];

const sha = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** Waits for a condition of the outside world, for at most 10 s. */
const until = async (condition: () => Promise<boolean>): Promise<void> => {
  for (let left = 200; left > 0; left -= 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('What was waited for did not come');
};

/** Pids on this machine whose command line holds a text: every tested host runs here. */
const pidsWith = async (text: string): Promise<number[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_, index) => lines[index]?.includes(text)).map(Number);
};

const collect = async (events: AsyncIterable<RunEvent>): Promise<Outcome> => {
  const all: RunEvent[] = [];
  for await (const event of events) all.push(event);
  const bytes = (stream: string): Buffer =>
    Buffer.concat(all.flatMap((e) => (e.type === 'output' && e.stream === stream ? [e.data] : [])));
  return { stdout: bytes('stdout'), stderr: bytes('stderr'), events: all, last: all.at(-1) };
};

/** Takes part of a run, then leaves: answers the offsets of what was taken. */
const takeUntil = async (
  events: AsyncIterable<RunEvent>,
  enough: (event: RunEvent) => boolean,
): Promise<RunOffsets> => {
  const taken = { stdout: 0, stderr: 0 };
  for await (const event of events) {
    if (event.type === 'output') taken[event.stream] = event.offset;
    if (enough(event)) break;
  }
  return taken;
};

const exited = (exitCode: number, rest: object = {}): object => ({
  type: 'ended',
  verdict: { kind: 'exited', exitCode, signal: null, why: null, ...rest },
});

const sh = (script: string, rest: Partial<DurableRun> = {}): DurableRun => ({
  id: `test-${randomBytes(8).toString('hex')}`,
  nonce: randomBytes(8).toString('hex'),
  argv: ['sh', '-c', script],
  env: {},
  cwd: '~',
  stdin: Buffer.alloc(0),
  ...rest,
});

/** The contract of `Host` as a test. The host must run on this machine, as the user of the tests, with a home of its own. */
export const hostConformance = (name: string, open: () => Promise<HostUnderTest>): void => {
  describe(`A host by ${name}`, () => {
    let under: HostUnderTest;
    let host: Host;
    let home: string;

    beforeAll(async () => {
      under = await open();
      host = under.host;
      ({ home } = await host.environment());
    });
    afterAll(async () => {
      await under.close();
    });

    describe('runs a command', () => {
      const run = (script: string, rest: Partial<Command> = {}): Command => ({
        argv: ['sh', '-c', script],
        ...rest,
      });

      it('with every argument as it was given', async () => {
        const { stdout } = await host.run({ argv: ['printf', '[%s]', ...ODD] });
        expect(stdout.toString()).toBe(ODD.map((text) => `[${text}]`).join(''));
      });

      it('with variables, a directory and input as they were given', async () => {
        const stdin = randomBytes(300_000);
        await host.run({ argv: ['mkdir', '-p', `${home}/odd 'dir'\n$x`] });
        const env = Object.fromEntries(ODD.map((text, index) => [`ODD_${index}`, text]));
        const { stdout } = await host.run(
          run(`printf '[%s]' ${ODD.map((_, i) => `"$ODD_${i}"`).join(' ')} "$PWD"; cat`, {
            cwd: "~/odd 'dir'\n$x",
            env,
            stdin,
          }),
        );
        const head = [...ODD, `${home}/odd 'dir'\n$x`].map((text) => `[${text}]`).join('');
        expect(stdout.subarray(0, -stdin.length).toString()).toBe(head);
        expect(sha(stdout.subarray(-stdin.length))).toBe(sha(stdin));
      });

      it('and answers exit code and both streams apart', async () => {
        const { exitCode, stdout, stderr } = await host.run(run('echo out; echo err >&2; exit 7'));
        expect([exitCode, stdout.toString(), stderr.toString()]).toEqual([7, 'out\n', 'err\n']);
      });

      it('and answers 128 + n when a signal ended it, without a word of a shell', async () => {
        const { exitCode, stderr } = await host.run(run('kill -KILL $$'));
        expect([exitCode, stderr.toString()]).toEqual([137, '']);
      });

      it('with no input at once at its end', async () => {
        expect((await host.run({ argv: ['cat'] })).exitCode).toBe(0);
      });

      it('and refuses a missing directory and a missing program', async () => {
        await expect(host.run(run('true', { cwd: '~/not/there' }))).rejects.toMatchObject({
          code: 'host/cwd-missing',
        });
        await expect(host.run({ argv: ['no-such-program'] })).rejects.toMatchObject({
          code: 'host/command-not-found',
        });
        await expect(host.run({ argv: ['/no/such/program'] })).rejects.toMatchObject({
          code: 'host/command-not-found',
        });
        expect((await host.run(run('exit 127'))).exitCode).toBe(127);
      });

      it('and leaves nothing of it running after its deadline', async () => {
        const mark = `30.${randomBytes(4).readUInt32BE()}`;
        const script = `trap '' TERM INT; setsid sleep ${mark} & sleep ${mark}`;
        await expect(host.run(run(script), { timeoutMs: 400 })).rejects.toMatchObject({
          code: 'host/timeout',
        });
        expect(await pidsWith(`sleep\0${mark}`)).toEqual([]);
      });

      it('until the caller gives up, and leaves nothing of it', async () => {
        const mark = `31.${randomBytes(4).readUInt32BE()}`;
        const controller = new AbortController();
        const answer = host.run({ argv: ['sleep', mark] }, { signal: controller.signal });
        const refused = expect(answer).rejects.toThrow('given up');
        await until(async () => (await pidsWith(`sleep\0${mark}`)).length > 0);
        controller.abort(new Error('given up'));
        await refused;
        expect(await pidsWith(`sleep\0${mark}`)).toEqual([]);
      });

      it('up to the output that is accepted', async () => {
        await expect(host.run({ argv: ['yes'], maxOutputBytes: 100_000 })).rejects.toMatchObject({
          code: 'host/output-too-large',
        });
      });

      it('twenty at once', async () => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, i) => host.run({ argv: ['echo', String(i)] })),
        );
        expect(answers.map(({ stdout }) => Number(stdout))).toEqual([...answers.keys()]);
      });
    });

    it('knows its environment', async () => {
      const environment = await host.environment({ refresh: true });
      expect(environment.path.split(':')).toContain('/usr/bin');
      expect(environment.os).toContain('Linux');
      expect(environment.shell).toMatch(/^\//);
      const { stdout } = await host.run({
        argv: ['sh', '-c', 'uname -n; echo "$HOME"; echo "$PATH"'],
      });
      expect(stdout.toString().trimEnd().split('\n')).toEqual([
        environment.hostname,
        environment.home,
        environment.path,
      ]);
    });

    describe('has files', () => {
      it('that are read and written to the byte, under any name', async () => {
        const content = randomBytes(1_000_000);
        for (const odd of ["~/f/it's $x `y`", '~/f/two\nlines\n', '~/f/-rf *', '~/f/日本']) {
          const written = await host.files.write(odd, content);
          const read = await host.files.read(odd);
          expect([written.etag, read.etag]).toEqual([sha(content), sha(content)]);
          expect(sha(read.content)).toBe(sha(content));
        }
        await host.files.write('~/f/empty', '');
        expect((await host.files.read(`${home}/f/empty`)).content).toHaveLength(0);
      });

      it('that keep their mode and the link to them', async () => {
        await host.files.write('~/m/script', 'one', { mode: 0o750 });
        await host.run({ argv: ['ln', '-s', 'script', 'link'], cwd: '~/m' });
        await host.files.write('~/m/link', 'two');
        const { stdout } = await host.run({
          argv: ['sh', '-c', 'stat -c %a script; cat script; ls'],
          cwd: '~/m',
        });
        expect(stdout.toString()).toBe('750\ntwolink\nscript\n');
      });

      it('that are not overwritten when someone else was there before', async () => {
        const { etag } = await host.files.write('~/e/file', 'one', { ifMatch: null });
        const changed = { code: 'host/file-changed' };
        await expect(host.files.write('~/e/file', 'x', { ifMatch: null })).rejects.toMatchObject(
          changed,
        );
        await host.files.write('~/e/file', 'two', { ifMatch: etag });
        await expect(host.files.write('~/e/file', 'x', { ifMatch: etag })).rejects.toMatchObject(
          changed,
        );
        await expect(host.files.write('~/e/none', 'x', { ifMatch: etag })).rejects.toMatchObject(
          changed,
        );
        expect((await host.files.read('~/e/file')).content.toString()).toBe('two');
        expect((await host.files.list('~/e')).map((entry) => entry.name)).toEqual(['file']);
      });

      it('that may be missing, too large or something else', async () => {
        const codes = await Promise.all(
          [
            host.files.read('~/none'),
            host.files.read('~'),
            host.files.read('/bin/sh', { maxBytes: 1000 }),
            host.files.list('~/none'),
            host.files.list('/bin/sh'),
            host.files.write('~', 'x'),
            host.files.write('/bin/sh/x', 'x'),
            host.files.read('relative'),
          ].map((call) =>
            call.then(
              () => 'done',
              (error: unknown) => (error as { code: unknown }).code,
            ),
          ),
        );
        expect(codes).toEqual([
          'host/file-not-found',
          'host/not-a-file',
          'host/output-too-large',
          'host/file-not-found',
          'host/not-a-directory',
          'host/not-a-file',
          'host/not-a-directory',
          'host/protocol',
        ]);
        expect(await host.files.stat('~/none')).toBeNull();
      });

      it('that are listed with their exact names', async () => {
        const names = [
          '.hidden',
          '..odd',
          'plain',
          'l 1 2 3 .',
          'two\nl 81a4 1 2 .\n',
          '\n',
          "'",
          '*',
          '-l',
          '日本',
        ];
        for (const odd of names) await host.files.write(`~/l/${odd}`, odd);
        await host.run({
          argv: [
            'sh',
            '-c',
            'mkdir dir; ln -s plain link; ln -s dir dlink; ln -s nowhere broken; mkfifo fifo',
          ],
          cwd: '~/l',
        });
        const entries = await host.files.list('~/l');
        expect(entries.map((entry) => entry.name)).toEqual(
          [...names, 'dir', 'link', 'dlink', 'broken', 'fifo'].sort(),
        );
        const types = Object.fromEntries(entries.map((entry) => [entry.name, entry.type]));
        expect(types).toMatchObject({
          plain: 'file',
          dir: 'directory',
          link: 'file',
          dlink: 'directory',
          broken: 'symlink',
          fifo: 'other',
        });
        expect(entries.find((entry) => entry.name === 'link')?.size).toBe(5);
      });

      it('whose facts and real path are known', async () => {
        await host.files.write('~/s/real/file\n', 'four');
        await host.run({
          argv: ['sh', '-c', 'ln -s real way; ln -s "../real/file\n" real/link'],
          cwd: '~/s',
        });
        const stat = await host.files.stat('~/s/way/link');
        expect(stat).toMatchObject({ type: 'file', size: 4, realPath: `${home}/s/real/file\n` });
        expect(Math.abs((stat?.mtime ?? 0) - Date.now() / 1000)).toBeLessThan(600);
        expect(await host.files.stat('~/s/way')).toMatchObject({
          type: 'directory',
          realPath: `${home}/s/real`,
        });
        expect(await host.files.stat('/')).toMatchObject({ type: 'directory', realPath: '/' });
      });
    });

    describe('has durable runs', () => {
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

      it('whose end by a signal, missing directory or missing program is told', async () => {
        expect((await run('kill -TERM $$')).last).toEqual(exited(143, { signal: 'SIGTERM' }));
        expect((await run('true', { cwd: '/not/there' })).last).toEqual(
          exited(125, { why: 'cwd' }),
        );
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
        expect((await following).last).toEqual(
          exited(137, { signal: 'SIGKILL', why: 'cancelled' }),
        );
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

      it('that show no prompt, variable or nonce in any command line', async () => {
        const secret = `secret-${randomBytes(8).toString('hex')}`;
        const spec = sh('cat >/dev/null; echo up; sleep 0.3', {
          env: { SECRET: secret },
          stdin: Buffer.from(secret),
        });
        const bulk = sh('cat >/dev/null', { stdin: Buffer.from(`${secret} `.repeat(10_000)) });
        let seen = 0;
        let looks = 0;
        const over = new AbortController();
        const runs = Promise.all([run('', { ...spec }), run('', { ...bulk })]).finally(() => {
          over.abort();
        });
        while (!over.signal.aborted) {
          for (const text of [secret, spec.nonce, bulk.nonce])
            seen += (await pidsWith(text)).length;
          looks += 1;
        }
        await runs;
        expect(looks).toBeGreaterThan(3);
        expect(seen).toBe(0);
      });

      it('that leave no follower behind when one stops to follow', async () => {
        const spec = sh('echo up; exec sleep 36');
        await takeUntil(host.runs.start(spec), (e) => e.type === 'output');
        await until(async () => (await pidsWith(`${spec.id}.out`)).length === 0);
        expect(await host.runs.status(spec)).toEqual({ kind: 'running' });
        expect(await host.runs.cancel(spec)).toEqual({ kind: 'gone' });
      });
    });
  });
};
