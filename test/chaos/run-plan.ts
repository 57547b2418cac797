import { type DurableRun } from '../../src/hosts/index.js';
import { expectedStream, type NumberedStream, streamProgram } from './numbered-stream.js';
import { type Random } from './random.js';

/** What one run of a round does, and what its readers and users do to it. */
export interface RunPlan {
  remote: string;
  stream: NumberedStream;
  /** How many servers race to start and to follow it. */
  racers: 1 | 2;
  startsAfterMs: number;
  /** Numbers of bytes at which a reader dies. */
  deaths: readonly (readonly number[])[];
  /** It is cancelled when so many bytes were taken; null: never. */
  cancelAfter: number | null;
}

/** More than can be printed while a round lasts. */
const ENDLESS = 20_000;

export const planRun = (random: Random, remote: string): RunPlan => {
  const willBeCancelled = random.chance(0.3);
  // Some are cancelled when they may just end by themselves.
  const isEndless = willBeCancelled && random.chance(0.7);
  const stream = {
    seed: random.between(1, 2_000_000_000),
    lines: isEndless ? ENDLESS : random.between(20, 600),
    exitCode: random.pick([0, 0, 1, 3, 99, 120]),
    stubborn: isEndless && random.chance(0.5),
  };
  const bytes = isEndless ? 30_000 : Buffer.concat(Object.values(expectedStream(stream))).length;
  const deathsOfOne = (): number[] =>
    Array.from({ length: random.between(0, 2) }, () => random.between(0, bytes)).sort(
      (a, b) => a - b,
    );
  const racers = random.chance(0.4) ? 2 : 1;
  return {
    remote,
    stream,
    racers,
    startsAfterMs: random.between(0, 3_000),
    deaths: Array.from({ length: racers }, deathsOfOne),
    // At 0 the cancelling races with the start itself.
    cancelAfter: willBeCancelled ? random.between(1, bytes) * Number(random.chance(0.7)) : null,
  };
};

/**
 * @param key unique among all runs that this machine has ever seen.
 * @param hold while there is such a file the run does not end by itself.
 */
export const durableRun = (
  plan: RunPlan,
  key: string,
  journal: string,
  hold: string,
): DurableRun => ({
  id: `chaos-${key}`,
  nonce: key
    .replaceAll(/[^0-9a-f]/g, '')
    .slice(-16)
    .padStart(16, '0'),
  argv: streamProgram(plan.stream, journal),
  env: { CHAOS_HOLD: hold },
  cwd: '~',
  stdin: Buffer.alloc(0),
});
