import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Turn } from '../../src/modules/sessions/index.js';
import { describeStores } from '../support/stores.js';
import { alive, PLACES, SessionsWorld, WITHOUT_SSH } from './sessions.world.js';

describeStores(`stopping turns${WITHOUT_SSH}`, (kind) => {
  let world: SessionsWorld;
  beforeAll(async () => {
    world = await SessionsWorld.open(kind);
  }, 120_000);
  afterAll(() => world.close());

  describe.each(PLACES)('on %s', (place) => {
    it('is not over before every process is gone, deaf ones and strays too', async () => {
      const stage = await world.stage();
      const turn = await world.ask(await world.actor(place, stage), 'stubborn');
      const pids = await world.pids(stage);
      expect(alive(pids)).toEqual(pids);
      const path = `/turns/${turn.id}/cancel`;
      const [one, two] = await Promise.all([
        world.api.call('POST', path),
        world.api.call('POST', path),
      ]);
      expect([one, two]).toMatchObject([
        { status: 202, body: { state: 'stopping' } },
        { status: 202, body: { state: 'stopping' } },
      ]);
      await world.reaches(turn, 'cancelled');
      expect(alive(pids)).toEqual([]);
      const again = await world.api.post<Turn>(path);
      expect(again).toMatchObject({ state: 'cancelled', error: null });
      const events = await world.events(`session:${turn.sessionId}`);
      const types = events.map(({ type }) => type).filter((type) => type.startsWith('turn.'));
      expect(types).toEqual(['turn.queued', 'turn.started', 'turn.stopping', 'turn.cancelled']);
    });

    it('is finished by the next server when one is restarted in the middle of it', async () => {
      const stage = await world.stage();
      const turn = await world.ask(await world.actor(place, stage), 'stubborn');
      const pids = await world.pids(stage);
      await world.api.post(`/turns/${turn.id}/cancel`);
      await world.server.restart();
      await world.reaches(turn, 'cancelled');
      expect(alive(pids)).toEqual([]);
    });

    it.each([
      ['silenceMs', 'agent/silent', '%% hang'],
      ['absoluteMs', 'agent/timeout', '%% say one\n%% sleep 400\n%% say two\n%% hang'],
    ])('is done by the clock %s', async (limit, code, prompt) => {
      const stage = await world.stage();
      const session = await world.demo(place, stage, { limits: { [limit]: 1_000 } });
      const turn = await world.ended(await world.ask(session, prompt));
      expect(turn).toMatchObject({ state: 'failed', error: { code, recoverable: true } });
      const lasted = Date.parse(turn.finishedAt ?? '') - Date.parse(turn.startedAt ?? '');
      expect(lasted).toBeGreaterThanOrEqual(1_000);
      expect(await world.api.get(`/sessions/${session.id}`)).toMatchObject({ state: 'error' });
    });
  });

  it('of one that waits is done at once, and the next one starts', async () => {
    const stage = await world.stage();
    const session = await world.actor('local', stage);
    const first = await world.ask(session, 'gate open');
    const [second, third] = [await world.ask(session, 'b'), await world.ask(session, 'c')];
    expect(await world.api.post(`/turns/${second.id}/cancel`)).toMatchObject({
      state: 'cancelled',
    });
    await world.openGate(stage, 'open');
    await world.ended(third);
    expect(await world.ended(first)).toMatchObject({ state: 'completed' });
    expect(await world.starts(stage)).toEqual(['gate open', 'c']);
  });
});
