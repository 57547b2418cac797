import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { redisProgram } from '../support/redis.js';
import { type StoreKind } from '../support/stores.js';
import { SERVERS, type ServerName } from './chaos-remote.js';
import { ChaosReport } from './chaos-report.js';
import { IS_LONG, playRounds, ROUNDS_LIMIT_MS } from './rounds.js';
import { planServerRound, ServerRound } from './server-round.js';
import { ServerWorld } from './server-world.js';

const names = (Object.keys(SERVERS) as ServerName[]).filter((name) => SERVERS[name].isHere());
const ROUND_LIMIT_MS = 240_000;
const STORES = {
  external: 'with an api, two workers, PostgreSQL and Redis',
  embedded: 'with one server and its own database',
};
const kinds = (Object.keys(STORES) as StoreKind[]).filter(
  (kind) => kind === 'embedded' || redisProgram() !== null,
);

describe.each(IS_LONG ? kinds : kinds.slice(0, 1))('Turns, %s', (kind) => {
  let world: ServerWorld;
  beforeAll(async () => {
    world = await ServerWorld.start(kind, names);
  }, 240_000);
  afterAll(async () => {
    await world.stop();
  }, 240_000);

  it(
    `here and on ${names.join(' and ') || 'no remote'}, ${STORES[kind]}, are executed once and told once`,
    async () => {
      const report = new ChaosReport();
      await playRounds(report, { short: 4, long: 24, seeds: ['known', 'new'] }, (seed, turns) => {
        const plan = planServerRound(seed, world, { turns, faults: 2 * turns });
        const round = new ServerRound(world, report, ROUND_LIMIT_MS);
        return { faults: plan.faults, play: () => round.play(plan) };
      });
      // By their pace alone the turns of the known seed last for four seconds, in which several faults begin.
      expect(report.faults).toBeGreaterThan(0);
    },
    ROUNDS_LIMIT_MS,
  );
});
