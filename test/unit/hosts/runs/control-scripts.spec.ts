import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BOOT } from '../../../../src/hosts/runs/claim-fragments.js';
import { cancelScript } from '../../../../src/hosts/runs/control-scripts.js';
import { oneLine } from '../../../../src/hosts/shell/one-line.js';
import { START_TIME } from '../../../../src/hosts/shell/process-fragments.js';

const run = promisify(execFile);
const TICKS = { tick: '0.1', intTicks: 1, termTicks: 1, killTicks: 1 };

describe('The cancelling of a run', () => {
  let home: string;
  let spools: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'maestro-cancel-'));
    spools = join(home, '.maestro/runs');
    await mkdir(spools, { recursive: true });
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  it('leaves no record of a run that was cancelled by another and removed meanwhile', async () => {
    const claim = join(spools, 'test-run.pid');
    execFileSync('mkfifo', [claim]);
    const cancelling = run('sh', ['-c', cancelScript('test-run', 'abc', TICKS)], {
      env: { ...process.env, HOME: home },
    });
    // Opens when the script reads its claim; which then names a process that is gone, of this boot.
    const writing = await open(claim, 'w');
    await unlink(claim);
    await unlink(join(spools, 'test-run.cancel'));
    const { stdout: place } = await run('sh', [
      '-c',
      oneLine(START_TIME, BOOT, '_bid; echo "$_b $_h";'),
    ]);
    const gone = execFileSync('sh', ['-c', 'echo $$']).toString().trim();
    await writing.write(`${gone} 1 ${place.trim()} .\n`);
    await writing.close();
    expect((await cancelling).stdout).toBe('@@abc GONE\n');
    expect(await readdir(spools)).toEqual([]);
  });
});
