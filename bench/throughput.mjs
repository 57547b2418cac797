/** Output of a program in MB/s: as a durable run, on a plain channel of the same pool, and as others get it. */
import { randomBytes } from 'node:crypto';
import { onLoopback } from './loopback.mjs';
import { inRounds, timed } from './rounds.mjs';
import { median, pairedRatio } from './statistics.mjs';

const MEGABYTE = 1_000_000;
/** What takes about a second; with delay, the window of a channel is the limit. */
const megabytesAt = (roundTripMs) => (roundTripMs === 0 ? 100 : 20);

export const throughput = () =>
  onLoopback(async (bench) => {
    const { roundTripMs, peers } = bench;
    const megabytes = megabytesAt(roundTripMs);
    const bytes = megabytes * MEGABYTE;
    const command = `exec head -c ${bytes} /dev/zero`;
    const expectAll = (got) => {
      if (got !== bytes) throw new Error(`${got} bytes instead of ${bytes}`);
    };
    const pool = await bench.pool();
    const host = await bench.host();
    const local = await bench.local();
    const samples = await inRounds(
      {
        'durable run': () => timed(async () => expectAll(await durable(host, command))),
        'plain channel': () => timed(async () => expectAll(await plain(pool, command))),
        'ssh by ControlMaster': () =>
          timed(async () => expectAll((await peers.controlMaster(command)).bytes)),
        'fresh ssh': () => timed(async () => expectAll((await peers.freshSsh(command)).bytes)),
        'durable run on local': () => timed(async () => expectAll(await durable(local, command))),
        'local spawn': () => timed(async () => expectAll((await peers.localSpawn(command)).bytes)),
      },
      { seconds: 12 },
    );
    return Object.entries(samples).map(([subject, ms]) => ({
      roundTripMs,
      subject,
      n: ms.length,
      megabytes,
      'MB/s p50': Math.round((megabytes * 1000) / median(ms)),
      'of a plain channel': pairedRatio(ms, samples['plain channel']),
      'of fresh ssh': pairedRatio(ms, samples['fresh ssh']),
    }));
  });

const durable = async (host, command) => {
  const run = {
    id: `bench-${randomBytes(8).toString('hex')}`,
    nonce: randomBytes(8).toString('hex'),
    argv: ['/bin/sh', '-c', command],
    env: {},
    cwd: '/',
    stdin: Buffer.alloc(0),
  };
  let bytes = 0;
  for await (const event of host.runs.start(run)) {
    if (event.type === 'output') bytes += event.data.length;
  }
  // Not measured: it waits for the supervisor to be gone.
  void host.runs.remove(run).catch(() => undefined);
  return bytes;
};

const plain = async (pool, command) => {
  const channel = await pool.open('bulk');
  channel.stderr.resume();
  channel.stdin.end(`${command}\n`);
  let bytes = 0;
  for await (const data of channel.stdout) bytes += data.length;
  await channel.closed;
  return bytes;
};
