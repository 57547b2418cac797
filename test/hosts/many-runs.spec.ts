import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DurableRun, type RunOffsets, type RunVerdict } from '../../src/hosts/host.js';
import { keepFollowing } from '../../src/hosts/runs/keep-following.js';
import { type SshHost, sshHost } from '../../src/hosts/ssh-host.js';
import { targetOf } from '../support/ssh-pool.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';

const onSshd = sshdAvailable() ? describe : describe.skip;
const needs = sshdAvailable() ? '' : ' (skipped: no sshd on this machine)';

/** `npm run many-runs` makes it 500 and prints the figures. */
const RUNS = Number(process.env['MANY_RUNS'] ?? 120);
const LINES = 150;
const DEADLINE_MS = 60_000 + RUNS * 1_000;

const streamOf = (index: number): string =>
  Array.from({ length: 2 * LINES }, (_, line) => `run ${index} line ${line}\n`).join('');
const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/** Prints half of its stream, waits until somebody holds the gate open, prints the rest. */
const numbered = (index: number, gate: string): DurableRun => ({
  id: `many-${randomBytes(8).toString('hex')}`,
  nonce: randomBytes(8).toString('hex'),
  argv: [
    '/bin/sh',
    '-c',
    `say() { while [ $i -lt $1 ]; do echo "run ${index} line $i"; i=$((i+1)); done; };
     i=0; say ${LINES}; : <"$GATE"; say ${2 * LINES}; echo "done ${index}" >&2; exit ${index % 100}`,
  ],
  env: { GATE: gate },
  cwd: '/',
  stdin: Buffer.from(`prompt ${index}`),
});

interface Followed {
  taken: RunOffsets;
  stdout: string;
  stderr: string;
  verdict: RunVerdict | null;
}

onSshd(`Many runs at once on a server with the usual limits${needs}`, () => {
  let sshd: TestSshd;
  let gatePath: string;
  let gate: FileHandle | null;
  let host: SshHost;
  const lost: unknown[] = [];

  const openHost = (): SshHost =>
    sshHost({
      id: 'r1',
      name: 'devbox',
      target: async () => targetOf(sshd),
      verifyHostKey: async () => 'accept',
    });

  beforeEach(async () => {
    sshd = await startSshd();
    gatePath = join(sshd.dir, 'gate');
    await promisify(execFile)('mkfifo', [gatePath]);
    gate = null;
    lost.length = 0;
    host = openHost();
  });
  afterEach(async () => {
    // Whoever still waits at the gate may go.
    await (gate ?? (await openGate())).close();
    await host.close();
    await sshd.stop();
  });

  const openGate = async (): Promise<FileHandle> => (gate = await open(gatePath, 'r+'));

  /** Follows to the end and tells when the first half has arrived. */
  const follow = (
    durable: DurableRun,
    into: Followed,
    options: { started: boolean; signal?: AbortSignal },
  ): { half: Promise<void>; end: Promise<void> } => {
    let onHalf!: () => void;
    const half = new Promise<void>((resolve) => {
      onHalf = resolve;
    });
    const chunks = { stdout: [into.stdout], stderr: [into.stderr] };
    const end = (async () => {
      const events = keepFollowing(host, durable, {
        from: into.taken,
        onLink: (state, error) => {
          if (state === 'lost') lost.push(error);
        },
        ...options,
      });
      for await (const event of events) {
        if (event.type === 'accepted' && options.started) onHalf();
        if (event.type === 'output') {
          chunks[event.stream].push(event.data.toString('latin1'));
          into.taken = { ...into.taken, [event.stream]: event.offset };
          into.stdout = chunks.stdout.join('');
          into.stderr = chunks.stderr.join('');
          if (into.stdout.includes(` line ${LINES - 1}\n`)) onHalf();
        }
        if (event.type === 'ended') into.verdict = event.verdict;
      }
    })();
    return { half, end };
  };

  it(
    `follows ${RUNS} runs to their right ends over at most 60 connections, and finds them again after a restart`,
    async () => {
      const runs = Array.from({ length: RUNS }, (_, index) => numbered(index, gatePath));
      const results = runs.map((): Followed => ({
        taken: { stdout: 0, stderr: 0 },
        stdout: '',
        stderr: '',
        verdict: null,
      }));
      const startedAt = performance.now();
      const rssBefore = process.memoryUsage().rss;
      const stop = new AbortController();
      setMaxListeners(0, stop.signal);
      const firsts = runs.map((durable, index) =>
        follow(durable, results[index] as Followed, { started: false, signal: stop.signal }),
      );
      const ends = Promise.allSettled(firsts.map(({ end }) => end));
      await Promise.race([Promise.all(firsts.map(({ half }) => half)), ends]);
      const allAtWorkMs = performance.now() - startedAt;
      const rssAtWork = process.memoryUsage().rss;
      const connections = sshd.proxy.links;
      expect(connections).toBeLessThanOrEqual(60);

      // A cancel or a look at a run does not wait for the crowd.
      const askedAt = performance.now();
      expect(await host.runs.status(runs[0] as DurableRun)).toEqual({ kind: 'running' });
      const statusMs = performance.now() - askedAt;

      // As after a restart of the server: other connections, other followers, from the bytes taken.
      stop.abort(new Error('restart'));
      await ends;
      await host.close();
      host = openHost();
      const restartedAt = performance.now();
      const again = runs.map((durable, index) =>
        follow(durable, results[index] as Followed, { started: true }),
      );
      await Promise.all(again.slice(0, 100).map(({ half }) => half));
      const reattach100Ms = performance.now() - restartedAt;
      await Promise.all(again.map(({ half }) => half));
      const reattachAllMs = performance.now() - restartedAt;

      await openGate();
      await Promise.all(again.map(({ end }) => end));
      const totalMs = performance.now() - startedAt;

      // A link may break on a machine that stalls; what may never come out is that the server refused.
      expect(lost).not.toContainEqual(expect.objectContaining({ code: 'ssh/session-limit' }));
      results.forEach(({ stdout, stderr, verdict }, index) => {
        expect({ index, verdict, stderr, sha256: sha256(stdout) }).toEqual({
          index,
          verdict: { kind: 'exited', exitCode: index % 100, signal: null, why: null },
          stderr: `done ${index}\n`,
          sha256: sha256(streamOf(index)),
        });
      });
      if (process.env['MANY_RUNS'] !== undefined) {
        const seconds = (ms: number): number => Math.round(ms / 100) / 10;
        const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
        console.info({
          runs: RUNS,
          connections,
          linksLost: lost.length,
          allAtWorkSeconds: seconds(allAtWorkMs),
          statusMs: Math.round(statusMs),
          reattach100Seconds: seconds(reattach100Ms),
          reattachAllSeconds: seconds(reattachAllMs),
          totalSeconds: seconds(totalMs),
          rssBeforeMiB: mebibytes(rssBefore),
          rssAtWorkMiB: mebibytes(rssAtWork),
        });
      }
    },
    DEADLINE_MS,
  );
});
