import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeStores } from '../support/stores.js';
import { SERVERS, type ServerName } from './chaos-remote.js';
import { ChaosReport } from './chaos-report.js';
import { playRounds, ROUNDS_LIMIT_MS } from './rounds.js';
import { planServerRound, ServerRound } from './server-round.js';
import { ServerWorld } from './server-world.js';

const names = (Object.keys(SERVERS) as ServerName[]).filter((name) => SERVERS[name].isHere());
const ROUND_LIMIT_MS = 240_000;

describeStores(`Turns here and on ${names.join(' and ') || 'no remote'}`, (kind) => {
  let world: ServerWorld;
  beforeAll(async () => {
    world = await ServerWorld.start(kind, names);
  }, 120_000);
  afterAll(async () => {
    await world.stop();
  }, 120_000);

  it(
    'are executed once and told once, whatever happens to servers, stores and links',
    async () => {
      const report = new ChaosReport();
      await playRounds(
        report,
        { short: 9, long: 24, seeds: [kind === 'external' ? 'known' : 'new'] },
        (seed, turns) => {
          const plan = planServerRound(seed, world, { turns, faults: 2 * turns });
          const round = new ServerRound(world, report, ROUND_LIMIT_MS);
          return { faults: plan.faults, play: () => round.play(plan) };
        },
      );
      expect(report.faults).toBeGreaterThan(2);
    },
    ROUNDS_LIMIT_MS,
  );
});
