/** A trivial command with its exit code: on channels of a pool, as a whole `run` of a host, and as others do it. */
import { comparison } from './comparison.mjs';
import { onLoopback } from './loopback.mjs';
import { inRounds, secondsAt, timed, untilWarm } from './rounds.mjs';

export const exec = () =>
  onLoopback(async (bench) => {
    const { roundTripMs, peers } = bench;
    const warm = await bench.pool();
    const cold = await bench.pool({ limits: { warmChannels: 0 } });
    const plain = await bench.pool({ limits: { warmChannels: 0 }, loader: 'true' });
    const host = await bench.host();
    const samples = await inRounds(
      {
        'pooled, warm channel': async () => {
          await untilWarm(roundTripMs);
          return timed(() => endOf(warm, 'exit 0\n'));
        },
        'pooled, new channel': () => timed(() => endOf(plain, '')),
        'pooled, new channel, script on stdin': () => timed(() => endOf(cold, 'exit 0\n')),
        'host.run': async () => {
          await untilWarm(roundTripMs);
          return timed(() => host.run({ argv: ['true'] }));
        },
        'ssh by ControlMaster': () => timed(() => peers.controlMaster('true')),
        'fresh ssh': () => timed(() => peers.freshSsh('true')),
        'local spawn': () => timed(() => peers.localSpawn('true')),
      },
      { seconds: secondsAt(roundTripMs) },
    );
    return comparison(samples, { roundTripMs }, 'fresh ssh');
  });

const endOf = async (pool, line) => {
  const channel = await pool.open('start');
  channel.stdout.resume();
  channel.stderr.resume();
  channel.stdin.on('error', () => undefined).end(line);
  const { code } = await channel.closed;
  if (code !== 0) throw new Error(`exit code ${code}`);
};
