import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { describeStores } from '../support/stores.js';
import { eventually, SessionsWorld } from './sessions.world.js';

describeStores('the queue of a session', (kind) => {
  let world: SessionsWorld;
  let stage: string;
  let session: Session;
  beforeAll(async () => {
    world = await SessionsWorld.open(kind);
  }, 120_000);
  afterAll(() => world.close());
  beforeEach(async () => {
    stage = await world.stage();
    session = await world.actor('local', stage);
  });

  const queue = async (): Promise<string[]> =>
    (await world.api.get<{ items: Turn[] }>(`/sessions/${session.id}/queue`)).items.map(
      ({ prompt }) => prompt,
    );
  const patch = (turn: Turn, change: object): Promise<Turn> =>
    world.api.ok<Turn>('PATCH', `/turns/${turn.id}`, change);
  const read = (turn: Turn): Promise<Turn> => world.api.get<Turn>(`/turns/${turn.id}`);

  it('is worked in order, as its owner has edited, moved, held and cancelled', async () => {
    const first = await world.ask(session, 'gate open');
    await world.reaches(first, 'running');
    const [a, b, c, d] = [
      await world.ask(session, 'a'),
      await world.ask(session, 'b'),
      await world.ask(session, 'c'),
      await world.ask(session, 'd'),
    ];
    expect(await queue()).toEqual(['a', 'b', 'c', 'd']);
    await patch(c, { position: 0 });
    await patch(a, { position: 99 });
    await patch(d, { position: 1, prompt: 'd edited' });
    expect(await queue()).toEqual(['c', 'd edited', 'b', 'a']);
    expect(await patch(b, { held: true })).toMatchObject({ held: true, state: 'queued' });
    const behind = await world.ask(session, 'e');
    expect(await queue()).toEqual(['c', 'd edited', 'b', 'a', 'e']);
    const cancelled = await world.api.call('POST', `/turns/${d.id}/cancel`);
    expect(cancelled).toMatchObject({
      status: 202,
      body: { state: 'cancelled', attempts: 0, startedAt: null },
    });
    const tooLate = await world.api.call('PATCH', `/turns/${first.id}`, { prompt: 'x' });
    expect(tooLate).toMatchObject({ status: 409, body: { code: 'turns/not-queued' } });

    await world.openGate(stage, 'open');
    await world.ended(behind);
    expect(await world.starts(stage)).toEqual(['gate open', 'c', 'a', 'e']);
    expect(await read(b)).toMatchObject({ state: 'queued', held: true });
    await patch(b, { held: false });
    expect(await world.ended(b)).toMatchObject({ state: 'completed' });
  });

  it('survives a restart of the server', async () => {
    const first = await world.ask(session, 'gate open');
    await world.reaches(first, 'running');
    const last = [await world.ask(session, 'a'), await world.ask(session, 'b')].at(-1) as Turn;
    await world.server.restart();
    expect(await queue()).toEqual(['a', 'b']);
    await world.openGate(stage, 'open');
    expect(await world.ended(last)).toMatchObject({ state: 'completed' });
    expect(await world.starts(stage)).toEqual(['gate open', 'a', 'b']);
  });

  it('lets one turn at a time write in a directory, whoever’s it is and however it is spelled', async () => {
    const neighbour = await world.actor('local', stage, {
      cwd: `${stage}/../${stage.slice(stage.lastIndexOf('/') + 1)}//`,
    });
    const first = await world.ask(session, 'gate open');
    await world.reaches(first, 'running');
    const second = await world.ask(neighbour, 'gate two');
    const reader = await world.ask(await world.actor('local', stage), 'a reader', {
      readOnly: true,
    });
    expect(await world.ended(reader)).toMatchObject({ state: 'completed' });
    expect(await read(second)).toMatchObject({ state: 'queued' });
    await world.openGate(stage, 'open');
    await world.openGate(stage, 'two');
    expect(await world.ended(second)).toMatchObject({ state: 'completed' });
    expect(Date.parse((await read(second)).startedAt ?? '')).toBeGreaterThanOrEqual(
      Date.parse((await read(first)).finishedAt ?? 'x'),
    );
  });

  it('lets read-only turns of different sessions overlap, but not those of one', async () => {
    const neighbour = await world.actor('local', stage);
    const turns = [
      await world.ask(session, 'gate open', { readOnly: true }),
      await world.ask(neighbour, 'gate open', { readOnly: true }),
    ];
    const next = await world.ask(session, 'next', { readOnly: true });
    await Promise.all(turns.map((turn) => world.reaches(turn, 'running')));
    await eventually(async () => (await world.starts(stage)).length === 2);
    expect(await read(next)).toMatchObject({ state: 'queued' });
    await world.openGate(stage, 'open');
    expect(await world.ended(next)).toMatchObject({ state: 'completed' });
  });

  it('keeps a session with work where it is', async () => {
    const turn = await world.ask(session, 'gate open');
    await world.reaches(turn, 'running');
    const path = `/sessions/${session.id}`;
    for (const change of [{ cwd: '/tmp' }, { remoteId: world.remote?.id }]) {
      if (Object.values(change).includes(undefined)) continue;
      expect(await world.api.call('PATCH', path, change)).toMatchObject({
        status: 409,
        body: { code: 'sessions/busy' },
      });
    }
    expect(await world.api.call('DELETE', path)).toMatchObject({
      status: 409,
      body: { code: 'sessions/busy' },
    });
    expect(await world.api.call('PATCH', path, { name: 'renamed' })).toMatchObject({ status: 200 });
    await world.openGate(stage, 'open');
    await world.ended(turn);
    expect(await world.api.call('PATCH', path, { cwd: '/tmp' })).toMatchObject({
      status: 200,
      body: { cwd: '/tmp', providerSessionId: null },
    });
    expect((await world.api.call('DELETE', path)).status).toBe(204);
    expect((await world.api.call('GET', path)).status).toBe(404);
  });
});
