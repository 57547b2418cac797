import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AgentRegistry } from '../../src/agents/index.js';
import { type RemotesService } from '../../src/modules/remotes/index.js';
import { type ImagesRepository } from '../../src/modules/sessions/storage/images.repository.js';
import { TurnsService } from '../../src/modules/sessions/turns.service.js';
import { TurnsWorld } from './turns.world.js';

describe('A turn whose clock has run out', () => {
  let world: TurnsWorld;
  let service: TurnsService;
  beforeAll(async () => {
    world = await TurnsWorld.open();
    const { database, turns, sessions, claims, events, jobs } = world;
    service = new TurnsService(
      ...([database, turns, sessions, claims, {} as ImagesRepository] as const),
      ...([{} as RemotesService, {} as AgentRegistry, events, jobs] as const),
    );
  }, 60_000);
  afterAll(() => world.close());

  const clock = { reason: 'timeout' } as const;

  it('is stopped while the attempt goes on that the clock was of', async () => {
    const { row } = await world.claimed(await world.turn(await world.session()));
    const claim = { turnId: row.id, fence: row.fence };
    await service.expire({ ...claim, fence: row.fence - 1 }, clock);
    expect(await world.stored(row.id)).toMatchObject({ state: 'starting', stop: null });
    await service.expire(claim, clock);
    expect(await world.stored(row.id)).toMatchObject({ state: 'stopping', stop: clock });
  });

  it.each(['queued', 'limited', 'completed'] as const)(
    'stays as it is when that attempt has ended meanwhile: %s',
    async (state) => {
      const { row } = await world.claimed(await world.turn(await world.session()));
      await world.turns.update(world.database, row.id, { state });
      await service.expire({ turnId: row.id, fence: row.fence }, clock);
      expect(await world.stored(row.id)).toMatchObject({ state, stop: null });
    },
  );
});
