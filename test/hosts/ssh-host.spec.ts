import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DurableRun, type RunEvent, type RunOffsets } from '../../src/hosts/host.js';
import { type SshHost, sshHost } from '../../src/hosts/ssh-host.js';
import { isTransient } from '../../src/hosts/transient.js';
import { targetOf } from '../support/ssh-pool.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';

const onSshd = sshdAvailable() ? describe : describe.skip;
const needs = sshdAvailable() ? '' : ' (skipped: no sshd on this machine)';

const run = (script: string): DurableRun => ({
  id: `run-${randomBytes(8).toString('hex')}`,
  nonce: randomBytes(8).toString('hex'),
  argv: ['/bin/sh', '-c', script],
  env: {},
  cwd: '/',
  stdin: Buffer.alloc(0),
});

onSshd(`A durable run on a remote${needs}`, () => {
  let sshd: TestSshd;
  let host: SshHost;

  beforeEach(async () => {
    sshd = await startSshd();
    host = sshHost({
      id: 'r1',
      name: 'devbox',
      target: async () => targetOf(sshd),
      verifyHostKey: async () => 'accept',
    });
  });
  afterEach(async () => {
    await host.close();
    await sshd.stop();
  });

  /** Follows to the end however often the link breaks, and breaks it after every chunk that `breakAfter` picks. */
  const followThrough = async (
    durable: DurableRun,
    breakLink: (link: number) => Promise<void>,
    breaks: number,
  ): Promise<{ output: string; last: RunEvent | undefined; links: number }> => {
    const from: RunOffsets = { stdout: 0, stderr: 0 };
    const chunks: Buffer[] = [];
    let last: RunEvent | undefined;
    let links = 1;
    for (;;) {
      try {
        for await (const event of host.runs.start(durable, { from: { ...from } })) {
          last = event;
          if (event.type !== 'output') continue;
          from[event.stream] = event.offset;
          if (event.stream === 'stdout') chunks.push(event.data);
          if (links <= breaks) await breakLink(links);
        }
        return { output: Buffer.concat(chunks).toString(), last, links };
      } catch (error) {
        if (!isTransient(error)) throw error;
        links += 1;
      }
    }
  };

  it.each([
    [
      'is cut',
      async () => {
        sshd.cutConnections();
      },
    ],
    ['dies with its sshd', () => sshd.killSessions()],
  ])('goes on while its link %s, and not a byte is lost or doubled', async (_how, breakLink) => {
    const enough = join(sshd.dir, 'enough');
    const script = `i=0; until [ -e ${enough} ]; do echo line $i; i=$((i+1)); sleep 0.03; done; echo end $i; exit 3`;
    const { output, last, links } = await followThrough(
      run(script),
      async (link) => {
        await breakLink();
        if (link === 3) await writeFile(enough, '');
      },
      3,
    );
    const lines = output.trimEnd().split('\n');
    const count = lines.length - 1;
    expect(lines).toEqual([
      ...Array.from({ length: count }, (_, index) => `line ${String(index)}`),
      `end ${String(count)}`,
    ]);
    expect(last).toMatchObject({ type: 'ended', verdict: { kind: 'exited', exitCode: 3 } });
    expect(links).toBe(4);
  });

  it('runs beside twenty-four others on a server with ten sessions per connection', async () => {
    const answers = await Promise.all(
      Array.from({ length: 25 }, async (_, index) =>
        followThrough(run(`sleep 0.5; echo ${String(index)}`), async () => undefined, 0),
      ),
    );
    expect(answers.map(({ output }) => Number(output))).toEqual([...answers.keys()]);
  });
});
