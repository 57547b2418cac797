import { type ChaosReport } from './chaos-report.js';
import { type Fault, faultText } from './fault-schedule.js';

/** How long the chaos goes on: short as a part of `npm test`, else as `npm run chaos` was told. */
const option = (name: string): number | null => {
  const value = process.env[`MAESTRO_CHAOS_${name}`];
  return value === undefined || value === '' ? null : Number(value);
};
export const IS_LONG = process.env['MAESTRO_CHAOS'] === 'long';
const SEED = option('SEED') ?? Math.floor(Math.random() * 2 ** 31);
const RUNS = option('RUNS') ?? 0;
const MINUTES = option('MINUTES') ?? 0;
/** Of the short form: the same for everybody, before one that is new each time. */
const KNOWN_SEED = 20_261_131;

/** What a test of rounds may take. */
export const ROUNDS_LIMIT_MS = IS_LONG ? 24 * 3_600_000 : 600_000;

export interface Round {
  faults: readonly Fault[];
  play(): Promise<void>;
}

/** Plays rounds, each with a seed of its own; what fails in one names its seed and its faults. */
export const playRounds = async (
  report: ChaosReport,
  { short, long, seeds }: { short: number; long: number; seeds: readonly ('known' | 'new')[] },
  roundOf: (seed: number, runs: number) => Round,
): Promise<void> => {
  const play = async (seed: number, runs: number): Promise<void> => {
    const begin = Date.now();
    const round = roundOf(seed, runs);
    try {
      await round.play();
    } catch (error) {
      const faults = round.faults.map(faultText).join('\n');
      throw new Error(`Chaos with seed ${seed}: ${String(error)}\n${faults}`, { cause: error });
    }
    report.count('runs', runs);
    const seconds = Math.round((Date.now() - begin) / 1000);
    if (IS_LONG) {
      process.stdout.write(
        `seed ${seed}: ${runs} runs in ${seconds} s; ${report.of('runs')} runs, ${report.faults} faults so far\n`,
      );
    }
  };
  if (!IS_LONG) {
    for (const seed of seeds) await play(seed === 'known' ? KNOWN_SEED : SEED, short);
  } else {
    const until = Date.now() + MINUTES * 60_000;
    for (let seed = SEED; report.of('runs') < RUNS || Date.now() < until; seed += 1) {
      await play(seed, long);
    }
  }
  report.count('bytes lost', 0);
  report.count('bytes doubled', 0);
  process.stdout.write(`Chaos from seed ${SEED}:\n${report.toString()}\n`);
};
