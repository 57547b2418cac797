import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DurableRun, type RunEvent } from '../../src/hosts/host.js';
import { type SshHost, sshHost } from '../../src/hosts/ssh-host.js';
import { targetOf } from '../support/ssh-pool.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';

const onSshd = sshdAvailable() ? describe : describe.skip;
const needs = sshdAvailable() ? '' : ' (skipped: no sshd on this machine)';

const PRINTED = 96 * 2 ** 20;
/** The window of a channel is 2 MiB, ours keeps 1 MiB more; the rest is for the sockets of the kernel. */
const UNDER_WAY = 24 * 2 ** 20;

const run = (script: string): DurableRun => ({
  id: `slow-${randomBytes(8).toString('hex')}`,
  nonce: randomBytes(8).toString('hex'),
  argv: ['/bin/sh', '-c', script],
  env: {},
  cwd: '/',
  stdin: Buffer.alloc(0),
});

onSshd(`A consumer that stops taking what a run prints${needs}`, () => {
  let sshd: TestSshd;
  let relay: Server;
  let arrived = 0;
  let host: SshHost;

  beforeEach(async () => {
    sshd = await startSshd();
    arrived = 0;
    relay = createServer({ noDelay: true }, (near) => {
      const far = connect({ host: sshd.host, port: sshd.port, noDelay: true });
      far.on('data', (chunk) => {
        arrived += chunk.length;
        if (!near.write(chunk)) far.pause();
      });
      near.on('drain', () => far.resume());
      near.pipe(far);
      for (const socket of [near, far]) {
        socket
          .on('error', () => undefined)
          .on('close', () => {
            near.destroy();
            far.destroy();
          });
      }
    }).listen(0, '127.0.0.1');
    await once(relay, 'listening');
    host = sshHost({
      id: 'r1',
      name: 'devbox',
      target: async () => targetOf(sshd, { port: (relay.address() as AddressInfo).port }),
      verifyHostKey: async () => 'accept',
      limits: { maxConnections: 1 },
    });
  });
  afterEach(async () => {
    await host.close();
    await sshd.stop();
    await promisify(relay.close.bind(relay))();
  });

  it('holds back the sender and nobody else, and misses nothing when it goes on', async () => {
    const loud = run(`head -c ${PRINTED} /dev/zero`);
    const events = host.runs.start(loud)[Symbol.asyncIterator]();
    let taken = 0;
    const next = async (): Promise<RunEvent> => {
      const { value } = (await events.next()) as { value: RunEvent };
      if (value.type === 'output') taken += value.data.length;
      return value;
    };
    while (taken === 0) await next();

    for (let other = 0; other < 20; other += 1) {
      const { exitCode, stdout } = await host.run({ argv: ['echo', `call ${other}`] });
      expect({ exitCode, stdout: stdout.toString() }).toEqual({
        exitCode: 0,
        stdout: `call ${other}\n`,
      });
    }
    expect(arrived).toBeLessThan(UNDER_WAY);

    let last = await next();
    while (last.type !== 'ended') last = await next();
    expect(taken).toBe(PRINTED);
    expect(last.verdict).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(arrived).toBeGreaterThan(PRINTED);
  });
});
