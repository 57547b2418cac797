import { randomBytes } from 'node:crypto';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { type Host } from '../../../src/hosts/host.js';
import { sha, type Subject } from './subject.js';

/** `Host.files`. */
export const filesConformance = (subject: () => Subject): void => {
  describe('has files', () => {
    let host: Host;
    let home: string;
    let under: Subject;
    beforeAll(() => {
      under = subject();
      ({ host, home } = under);
    });

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
};
