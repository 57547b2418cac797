import { randomBytes } from 'node:crypto';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { type Command, type Host } from '../../../src/hosts/host.js';
import { ODD, pidsWith, sha, type Subject, until } from './subject.js';

/** `Host.run`. */
export const commandsConformance = (subject: () => Subject): void => {
  describe('runs a command', () => {
    let host: Host;
    let home: string;
    let under: Subject;
    beforeAll(() => {
      under = subject();
      ({ host, home } = under);
    });

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
};
