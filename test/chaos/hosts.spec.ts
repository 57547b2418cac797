import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChaosRemote, SERVERS, type ServerName } from './chaos-remote.js';
import { ChaosReport } from './chaos-report.js';
import { HELD_FAULTS, HostRound, planHostRound } from './host-round.js';
import { playRounds, ROUNDS_LIMIT_MS } from './rounds.js';

const names = (Object.keys(SERVERS) as ServerName[]).filter((name) => SERVERS[name].isHere());
const ROUND_LIMIT_MS = 180_000;

const suite = names.length > 0 ? describe : describe.skip;
suite(`Runs on ${names.join(' and ') || 'SSH servers (this machine has none)'}`, () => {
  const remotes: ChaosRemote[] = [];
  beforeAll(async () => {
    for (const name of names) remotes.push(await ChaosRemote.start(name));
  }, 60_000);
  afterAll(async () => {
    await Promise.all(remotes.map((remote) => remote.stop()));
  });

  it(
    'are executed once and read to the byte, whatever happens to their links and readers',
    async () => {
      const report = new ChaosReport();
      await playRounds(report, { short: 8, long: 24, seeds: ['known', 'new'] }, (seed, runs) => {
        const plan = planHostRound(seed, names, { runs, faults: 2 * runs });
        const round = new HostRound(remotes, report, ROUND_LIMIT_MS);
        return { faults: plan.faults, play: () => round.play(plan) };
      });
      expect(report.faults).toBeGreaterThanOrEqual(HELD_FAULTS);
      expect(report.of('re-attachments')).toBeGreaterThan(0);
    },
    ROUNDS_LIMIT_MS,
  );
});
