/** A durable run of `true` with a prompt: until the host has accepted it, and until its exit is known. */
import { randomBytes } from 'node:crypto';
import { comparison } from './comparison.mjs';
import { onLoopback } from './loopback.mjs';
import { inRounds, secondsAt, timed, untilWarm } from './rounds.mjs';

const PROMPT = 'Say hello.\n'.repeat(20);

export const durableStart = () =>
  onLoopback(async (bench) => {
    const { roundTripMs, peers } = bench;
    const remote = await bench.host();
    const local = await bench.local();
    const plain = await bench.pool({ limits: { warmChannels: 0 }, loader: 'true' });
    const lastBytes = [];
    // The first run of a host asks what it can do.
    for (const host of [remote, local]) await oneRun(host);
    const samples = await inRounds(
      {
        'durable start, accepted': async () => {
          await untilWarm(roundTripMs);
          const { acceptedMs, lastByteToEndMs } = await oneRun(remote);
          lastBytes.push(lastByteToEndMs);
          return acceptedMs;
        },
        'durable run, exit known': async () => {
          await untilWarm(roundTripMs);
          const { endMs, lastByteToEndMs } = await oneRun(remote);
          lastBytes.push(lastByteToEndMs);
          return endMs;
        },
        'pooled, new channel': () => timed(() => endOf(plain)),
        'ssh by ControlMaster, script on stdin': () =>
          timed(() => peers.controlMaster('exec /bin/sh -s', script)),
        'fresh ssh, script on stdin': () => timed(() => peers.freshSsh('exec /bin/sh -s', script)),
        'durable run on local, exit known': async () => (await oneRun(local)).endMs,
        'local spawn': () => timed(() => peers.localSpawn('exec /bin/sh -s', script)),
      },
      { seconds: secondsAt(roundTripMs) },
    );
    return [
      ...comparison(samples, { roundTripMs }, 'fresh ssh, script on stdin'),
      ...comparison({ 'last byte written to exit known': lastBytes }, { roundTripMs }),
    ];
  });

/** The last thing that the program does is to tell the time; clocks agree, since it is one machine. */
const LAST_BYTE = 'cat >/dev/null; exec date +%s%N';
const script = `cat >/dev/null <<'END'\n${PROMPT}END\nexec date +%s%N\n`;

const oneRun = async (host) => {
  const run = {
    id: `bench-${randomBytes(8).toString('hex')}`,
    nonce: randomBytes(8).toString('hex'),
    argv: ['/bin/sh', '-c', LAST_BYTE],
    env: {},
    cwd: '/',
    stdin: Buffer.from(PROMPT),
  };
  const startedAt = performance.now();
  let acceptedMs = 0;
  let printed = '';
  for await (const event of host.runs.start(run)) {
    if (event.type === 'accepted') acceptedMs = performance.now() - startedAt;
    if (event.type === 'output') printed += event.data.toString();
    if (event.type === 'ended' && event.verdict.exitCode !== 0) {
      throw new Error(JSON.stringify(event.verdict));
    }
  }
  const endMs = performance.now() - startedAt;
  const wroteAt = Number(BigInt(printed.trim()) / 1000n) / 1000;
  return {
    acceptedMs,
    endMs,
    lastByteToEndMs: performance.timeOrigin + startedAt + endMs - wroteAt,
  };
};

const endOf = async (pool) => {
  const channel = await pool.open('start');
  channel.stdout.resume();
  channel.stderr.resume();
  channel.stdin.on('error', () => undefined).end();
  await channel.closed;
};
