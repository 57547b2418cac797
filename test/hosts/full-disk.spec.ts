import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type DurableRun, type Host } from '../../src/hosts/host.js';
import { ShellHost } from '../../src/hosts/shell/shell-host.js';
import { canMount, smallDisk, type SmallDisk } from '../support/mounts.js';
import { collect, exited, type Outcome, sh } from './conformance/run-outcome.js';

const isPossible = canMount();

(isPossible ? describe : describe.skip)(
  `A host whose disk is small${isPossible ? '' : ' (skipped: no mounts of its own for a test here)'}`,
  () => {
    let home: string;
    let disk: SmallDisk;
    let host: Host;
    beforeEach(async () => {
      home = await mkdtemp(join(tmpdir(), 'maestro-disk-'));
      disk = await smallDisk(home, 2);
      host = new ShellHost({ id: 'local', kind: 'local', name: 'local', channels: disk.channels });
    });
    afterEach(async () => {
      await disk.stop();
      await rm(home, { recursive: true, force: true });
    });

    const start = (run: DurableRun): Promise<Outcome> => collect(host.runs.start(run));
    const fill = (): Promise<unknown> =>
      host.run({ argv: ['sh', '-c', 'cat /dev/zero >~/fill 2>/dev/null'] });
    const filesOf = async (run: DurableRun): Promise<string[]> =>
      (await host.files.list('~/.maestro/runs'))
        .map(({ name }) => name)
        .filter((name) => name.startsWith(run.id));

    it('starts nothing when it is full, leaves nothing, and starts the same run when there is room', async () => {
      await start(sh('true'));
      await fill();
      const full = { code: 'host/disk-full' };
      const short = sh('echo done >>~/done', { stdin: Buffer.from('prompt') });
      await expect(start(short)).rejects.toMatchObject(full);
      const long = sh('wc -c; echo done >>~/done', { stdin: Buffer.alloc(100_000, 'x') });
      await expect(start(long)).rejects.toMatchObject(full);
      await expect(host.files.write('~/file', 'x'.repeat(10_000))).rejects.toMatchObject(full);
      await expect(
        host.run({ argv: ['cat'], stdin: Buffer.alloc(100_000, 'x') }),
      ).rejects.toMatchObject(full);
      expect([await filesOf(short), await filesOf(long)]).toEqual([[], []]);
      expect((await host.run({ argv: ['ls'] })).stdout.toString()).toBe('fill\n');
      await host.run({ argv: ['rm', 'fill'] });
      expect((await start(short)).last).toEqual(exited(0));
      expect((await start(long)).stdout.toString().trim()).toBe('100000');
      expect((await host.files.read('~/done')).content.toString()).toBe('done\ndone\n');
    });

    it('refuses a prompt that does not fit on it', async () => {
      const run = sh('true', { stdin: Buffer.alloc(5_000_000, 'x') });
      await expect(start(run)).rejects.toMatchObject({ code: 'host/disk-full' });
      expect(await filesOf(run)).toEqual([]);
    });

    it('tells how a run has ended that has filled it, and every byte that had room', async () => {
      const run = sh('cat /dev/zero; exit 3');
      const first = await start(run);
      expect(first.last).toEqual(exited(3));
      expect(first.stdout.length).toBeGreaterThan(1_000_000);
      expect(first.stdout.equals(Buffer.alloc(first.stdout.length))).toBe(true);
      const again = await collect(host.runs.follow(run));
      expect(again.stdout).toHaveLength(first.stdout.length);
      expect(again.last).toEqual(first.last);
      await host.runs.remove(run);
      expect((await start(sh('echo room'))).stdout.toString()).toBe('room\n');
    });

    it('tells how a run has ended on a disk that others have filled', async () => {
      const run = sh('cat /dev/zero >~/fill 2>/dev/null; head -c 100000 /dev/zero; exit 4');
      expect((await start(run)).last).toEqual(exited(4));
      expect(await host.runs.status(run)).toMatchObject({ kind: 'exited', exitCode: 4 });
    });

    it('ends a run on a full disk when it is cancelled', async () => {
      const run = sh('echo up; exec sleep 39');
      for await (const event of host.runs.start(run)) {
        if (event.type === 'output') {
          await fill();
          expect(await host.runs.cancel(run)).toEqual({ kind: 'gone' });
        }
        if (event.type === 'ended') expect(event).toEqual(exited(130, cancelled));
      }
    });

    it('says that it can only be read', async () => {
      const refused = { code: 'host/not-writable' };
      disk.freeze();
      expect(await host.environment()).toMatchObject({
        home,
        warnings: [expect.stringContaining('~/.maestro cannot be written to')],
      });
      await expect(start(sh('true'))).rejects.toMatchObject(refused);
      expect((await host.run({ argv: ['echo', 'x'] })).stdout.toString()).toBe('x\n');
      await expect(host.run({ argv: ['cat'], stdin: 'x' })).rejects.toMatchObject(refused);
      await expect(host.files.write('~/x', 'x')).rejects.toMatchObject({
        code: 'host/permission-denied',
      });
    });

    it('says that it can only be read since its last run', async () => {
      const run = sh('true');
      expect((await start(run)).last).toEqual(exited(0));
      disk.freeze();
      const refused = { code: 'host/not-writable' };
      await expect(start(sh('true'))).rejects.toMatchObject(refused);
      const long = sh('true', { stdin: Buffer.alloc(100_000, 'x') });
      await expect(start(long)).rejects.toMatchObject(refused);
      expect(await host.runs.status(run)).toMatchObject({ kind: 'exited', exitCode: 0 });
      expect((await collect(host.runs.follow(run))).last).toEqual(exited(0));
    });
  },
);

const cancelled = { signal: 'SIGINT', why: 'cancelled' };
