import { randomBytes } from 'node:crypto';
import { readdir, readFile, utimes } from 'node:fs/promises';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { type DurableRun, type Host, type RunEvent } from '../../../src/hosts/host.js';
import { runDirectory } from '../../../src/hosts/runs/run-files.js';
import { exited, sh } from './run-outcome.js';
import { sha, type Subject, until } from './subject.js';

/** A run whose input stays open: what it is given, and what it says to that. */
class Conversation {
  at: number;
  private readonly events: AsyncIterator<RunEvent>;
  private said: Buffer[] = [];
  last: RunEvent | undefined;

  private constructor(
    private readonly host: Host,
    readonly run: DurableRun,
  ) {
    this.at = run.stdin.length;
    this.events = host.runs.start(run)[Symbol.asyncIterator]();
  }

  /** Starts the run, or joins in when it was started. */
  static async begin(host: Host, run: DurableRun): Promise<Conversation> {
    const conversation = new Conversation(host, run);
    await conversation.next();
    return conversation;
  }

  async say(text: string | Buffer, host = this.host): Promise<void> {
    const data = Buffer.from(text);
    await host.runs.send(this.run, this.at, data);
    this.at += data.length;
  }

  /** Reads on until what was said since the last time ends so; answers it. */
  async hear(end: string): Promise<string> {
    while (this.said.at(-1)?.toString().endsWith(end) !== true) await this.next();
    return this.taken().toString();
  }

  /** Reads to the end of the run: what was said since the last time. */
  async rest(): Promise<Buffer> {
    while (this.last?.type !== 'ended') await this.next();
    return this.taken();
  }

  private taken(): Buffer {
    const said = Buffer.concat(this.said);
    this.said = [];
    return said;
  }

  private async next(): Promise<void> {
    const next: IteratorResult<RunEvent, unknown> = await this.events.next();
    if (next.done === true) throw new Error(`It ended, having said ${this.taken().toString()}`);
    this.last = next.value;
    if (this.last.type === 'output' && this.last.stream === 'stdout')
      this.said.push(this.last.data);
  }
}

const ECHO = 'while IFS= read -r line; do printf "heard %s\\n" "$line"; done; echo over; exit 5';

/** `Host.runs`: a run that is spoken with while it runs. */
export const runInputConformance = (subject: () => Subject): void => {
  describe('speaks with durable runs', () => {
    let host: Host;
    let under: Subject;
    beforeAll(() => {
      under = subject();
      ({ host } = under);
    });

    const interactive = (script: string, stdin: string | Buffer = ''): DurableRun =>
      sh(script, { stdin: Buffer.from(stdin), interactive: true });

    /** Kinds of the files that a run has on its host. */
    const filesOf = async ({ id }: DurableRun): Promise<string[]> =>
      (await host.files.list('~/.maestro/runs'))
        .map(({ name }) => name)
        .filter((name) => name.startsWith(id))
        .map((name) => name.slice(id.length + 1));

    const supervisorOf = async ({ id }: DurableRun): Promise<number> => {
      const { content } = await host.files.read(`~/.maestro/runs/${id}.pid`);
      return Number(content.toString().split(' ')[0]);
    };

    const spoken = ['err', 'exit.0', 'out', 'pid'];

    it('round after round, until their input is closed', async () => {
      const talk = await Conversation.begin(host, interactive(ECHO, 'first\n'));
      expect(await talk.hear('\n')).toBe('heard first\n');
      for (const word of ['second', 'it\'s "$HOME" \\n `id`', '@@ÁÈ日本', '']) {
        await talk.say(`${word}\n`);
        expect(await talk.hear('\n')).toBe(`heard ${word}\n`);
      }
      await talk.say('half');
      await talk.say(' a line\nand a last');
      expect(await talk.hear('\n')).toBe('heard half a line\n');
      await host.runs.closeInput(talk.run);
      expect((await talk.rest()).toString()).toBe('over\n');
      expect(talk.last).toEqual(exited(5));
    });

    it('that read once what is sent again, by several at once, and never past a gap', async () => {
      const again = await under.reopen();
      const talk = await Conversation.begin(host, interactive('cat', 'a'));
      await talk.hear('a');
      const [b, c] = [Buffer.alloc(100_000, 'b'), Buffer.from('c')];
      await Promise.all([host, again, host].map((each) => each.runs.send(talk.run, 1, b)));
      await expect(host.runs.send(talk.run, 100_002, c)).rejects.toMatchObject({
        code: 'host/protocol',
      });
      await again.runs.send(talk.run, 100_001, c);
      await host.runs.send(talk.run, 1, b);
      await host.runs.send(talk.run, 50_000, Buffer.concat([b.subarray(49_999), c]));
      await Promise.all([host, again].map((each) => each.runs.closeInput(talk.run)));
      const rest = await talk.rest();
      expect([rest.length, sha(rest)]).toEqual([100_001, sha(Buffer.concat([b, c]))]);
      expect(talk.last).toEqual(exited(0));
    });

    it('with another client, when that takes over in the middle', async () => {
      const again = await under.reopen();
      const first = await Conversation.begin(host, interactive(ECHO));
      await first.say('one\n');
      expect(await first.hear('\n')).toBe('heard one\n');
      await under.cutLink?.();
      const second = await Conversation.begin(again, first.run);
      second.at = first.at;
      expect(await second.hear('\n')).toBe('heard one\n');
      await second.say('two\n');
      expect(await second.hear('\n')).toBe('heard two\n');
      await again.runs.send(first.run, first.at, Buffer.from('two\n'));
      await again.runs.closeInput(first.run);
      expect((await second.rest()).toString()).toBe('over\n');
    });

    it('of which nobody is left when they end first', async () => {
      const talk = await Conversation.begin(
        host,
        interactive('read -r line; sleep 30 & echo "$line"'),
      );
      const pid = await supervisorOf(talk.run);
      await talk.say('bye\nnobody reads this\n');
      expect((await talk.rest()).toString()).toBe('bye\n');
      expect(talk.last).toEqual(exited(0));
      await talk.say('too late');
      await host.runs.closeInput(talk.run);
      // The program itself has left one.
      await until(async () => (await groupOf(pid)).length === 1);
      process.kill(-pid, 'SIGKILL');
      expect(await filesOf(talk.run)).toEqual(spoken);
      await host.runs.remove(talk.run);
      await talk.say('later still');
      await host.runs.closeInput(talk.run);
      expect(await filesOf(talk.run)).toEqual([]);
    });

    it('of which nobody is left though more was sent than is read', async () => {
      const talk = await Conversation.begin(
        host,
        interactive('sleep 31 <&0 & read -r line; echo "$line"'),
      );
      const pid = await supervisorOf(talk.run);
      await talk.say(Buffer.concat([Buffer.from('first\n'), Buffer.alloc(1_000_000, 'x')]));
      expect((await talk.rest()).toString()).toBe('first\n');
      await until(async () => (await groupOf(pid)).length === 1);
      process.kill(-pid, 'SIGKILL');
      await until(async () => (await filesOf(talk.run)).length === spoken.length);
    });

    it('to the byte, however much', async () => {
      const talk = await Conversation.begin(host, interactive('head -c 15000003; echo; cat'));
      const [binary, line] = [randomBytes(5_000_000), Buffer.alloc(10_000_000, 'l')];
      await talk.say(Buffer.from([0, 10, 0]));
      await talk.say(binary);
      await talk.say(line);
      await talk.say('\0end');
      await host.runs.closeInput(talk.run);
      const rest = await talk.rest();
      const expected = [Buffer.from([0, 10, 0]), binary, line, Buffer.from('\n\0end')];
      expect(rest).toHaveLength(15_000_008);
      expect(sha(rest)).toBe(sha(Buffer.concat(expected)));
    });

    it('which begin with a prompt of 5 MB', async () => {
      const stdin = randomBytes(5_000_000);
      const talk = await Conversation.begin(host, interactive('cat', stdin));
      await talk.say('more');
      await host.runs.closeInput(talk.run);
      expect(sha(await talk.rest())).toBe(sha(Buffer.concat([stdin, Buffer.from('more')])));
    });

    it('of which nothing is left when they are cancelled', async () => {
      const talk = await Conversation.begin(host, interactive('echo up; cat >/dev/null', 'x'));
      await talk.hear('up\n');
      const pid = await supervisorOf(talk.run);
      expect(await host.runs.cancel(talk.run)).toEqual({ kind: 'gone' });
      expect(await groupOf(pid)).toEqual([]);
      await talk.rest();
      expect(talk.last).toEqual(exited(130, { signal: 'SIGINT', why: 'cancelled' }));
      expect(await filesOf(talk.run)).toEqual([
        'cancel',
        'err',
        'exit.130.cancelled',
        'out',
        'pid',
      ]);
    });

    it('of which nobody is left when the program is killed, or the supervisor', async () => {
      const killed = await Conversation.begin(host, interactive('echo up; kill -KILL $$; cat'));
      await killed.rest();
      expect(killed.last).toEqual(exited(137, { signal: 'SIGKILL' }));
      const talk = await Conversation.begin(host, interactive('echo up; cat; echo over'));
      await talk.hear('up\n');
      const pid = await supervisorOf(talk.run);
      process.kill(pid, 'SIGKILL');
      // The program reads the end of its input.
      await until(async () => (await groupOf(pid)).length === 0);
      expect(await host.runs.status(talk.run)).toEqual({ kind: 'lost', cause: 'killed' });
      await host.runs.send(talk.run, 0, Buffer.from('x'));
      expect((await talk.rest()).toString()).toBe('over\n');
      await host.runs.remove(talk.run);
      expect(await filesOf(talk.run)).toEqual([]);
    });

    it('only when they are interactive, and not before they begin', async () => {
      const run = sh('exec sleep 32');
      const data = Buffer.from('x');
      await host.runs.send(run, 0, data);
      for await (const { type } of host.runs.start(run)) if (type === 'accepted') break;
      await expect(host.runs.send(run, 0, data)).rejects.toMatchObject({ code: 'host/protocol' });
      await expect(host.runs.closeInput(run)).rejects.toMatchObject({ code: 'host/protocol' });
      expect(await host.runs.cancel(run)).toEqual({ kind: 'gone' });
    });

    it('that find files put into a directory of their own, which go when they are removed', async () => {
      const run = sh('ls -la "$0"; cat "$0"/*; mkdir "$0/x"; : >"$0/x/y z"; chmod 500 "$0/x"');
      const directory = runDirectory(under.home, run);
      run.argv = ['sh', '-c', run.argv[2] ?? '', directory];
      const files = [
        { name: 'a.json', content: Buffer.from('{}\n') },
        { name: 'empty', content: Buffer.alloc(0) },
        { name: 'image-1.png', content: randomBytes(3_000_000) },
      ];
      await host.runs.put(run, files.slice(1));
      await host.runs.put(run, files);
      const talk = await Conversation.begin(host, run);
      const said = await talk.rest();
      expect(talk.last).toEqual(exited(0));
      const listed = said.subarray(0, said.length - 3_000_003).toString();
      expect(listed).toMatch(/^-rw-------.* 3 .* a\.json$/m);
      expect(listed).toMatch(/^-rw-------.* 3000000 .* image-1\.png$/m);
      expect(listed).toMatch(/^drwx------.* \.$/m);
      expect(listed.split('\n').filter((line) => line.startsWith('-'))).toHaveLength(3);
      const content = Buffer.concat(files.map((file) => file.content));
      expect(sha(said.subarray(listed.length))).toBe(sha(content));
      await until(async () => (await host.runs.status(run)).kind === 'exited');
      // Once it was started it is too late for more.
      await host.runs.put(run, [{ name: 'late', content: Buffer.from('x') }]);
      expect(await host.files.stat(`${directory}/late`)).toBeNull();
      await host.runs.remove(run);
      expect(await filesOf(run)).toEqual([]);
      await expect(
        host.runs.put(run, [{ name: '../x', content: Buffer.alloc(0) }]),
      ).rejects.toMatchObject({ code: 'host/protocol' });
    });

    it('of which the files go though they were never started', async () => {
      const [removed, abandoned] = [sh('true'), sh('true')];
      for (const run of [removed, abandoned])
        await host.runs.put(run, [{ name: 'a', content: Buffer.from('a') }]);
      await host.runs.remove(removed);
      expect(await filesOf(removed)).toEqual([]);
      const old = new Date(Date.now() - 10 * 86_400_000);
      await utimes(`${under.home}/.maestro/runs/${abandoned.id}.files`, old, old);
      await host.runs.collectAbandoned(7, { keep: [abandoned.id] });
      expect(await filesOf(abandoned)).toEqual(['files']);
      await host.runs.collectAbandoned(7);
      expect(await filesOf(abandoned)).toEqual([]);
    });

    it('whose directory is missing, or whose program', async () => {
      const ends = { cwd: exited(125, { why: 'cwd' }), argv: exited(127, { why: 'notfound' }) };
      for (const [wrong, end] of Object.entries(ends)) {
        const run = {
          ...interactive('cat'),
          [wrong]: wrong === 'cwd' ? '/not/there' : ['no-such'],
        };
        const talk = await Conversation.begin(host, run);
        await talk.rest();
        expect(talk.last).toEqual(end);
        await until(async () => (await filesOf(run)).length === spoken.length);
      }
    });
  });
};

/** Who is in a process group, zombies apart. */
const groupOf = async (group: number): Promise<number[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  );
  return pids
    .filter((_, index) => {
      const [state, , own] = (stats[index] ?? '').split(') ').at(-1)?.split(' ') ?? [];
      return state !== 'Z' && own === String(group);
    })
    .map(Number);
};
