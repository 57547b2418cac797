import { createHash } from 'node:crypto';
import { symlink } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { AgentRegistry } from '../../src/agents/index.js';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { turn as turnRequest } from '../support/run-agent.js';
import { describeStores } from '../support/stores.js';
import { eventually, PLACES, SessionsWorld, type Told, WITHOUT_SSH } from './sessions.world.js';

/** A picture of one point. */
const DOT =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

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
  const fill = async (...prompts: string[]): Promise<Turn[]> => {
    const turns: Turn[] = [];
    for (const prompt of prompts) turns.push(await world.ask(session, prompt));
    return turns;
  };
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

  it('survives a restart of the server, as it was edited, moved and held', async () => {
    const first = await world.ask(session, 'gate open');
    await world.reaches(first, 'running');
    const [a, b, c] = await fill('a', 'b', 'c');
    await patch(c as Turn, { position: 0, prompt: 'c edited' });
    await patch(b as Turn, { held: true });
    await world.server.restart();
    expect(await queue()).toEqual(['c edited', 'a', 'b']);
    await world.openGate(stage, 'open');
    expect(await world.ended(a as Turn)).toMatchObject({ state: 'completed' });
    expect(await world.starts(stage)).toEqual(['gate open', 'c edited', 'a']);
    expect(await read(b as Turn)).toMatchObject({ state: 'queued', held: true });
  });

  it('keeps the images of a turn with it, wherever it is put and whatever it is made to ask', async () => {
    session = await world.actor('local', stage, { agent: 'claude-code' });
    const first = await world.ask(session, 'gate open');
    await world.reaches(first, 'running');
    const before = await world.ask(session, 'before');
    const images = [{ name: 'dot.png', mediaType: 'image/png' as const, data: DOT }];
    const shown = await world.ask(session, 'what?', { images });
    await patch(shown, { position: 0, prompt: 'what is this?' });
    await world.server.restart();
    await world.openGate(stage, 'open');
    const { stdin } = new AgentRegistry()
      .get('claude-code')
      .launch(turnRequest('what is this?', { images }));
    const told = JSON.parse((await world.ended(shown)).text ?? '') as Told;
    expect(told.sha256).toBe(createHash('sha256').update(stdin).digest('hex'));
    await world.ended(before);
    expect((await world.starts(stage)).at(-1)).toBe('before');
  });

  it('has one order, however often two clients at once change it', async () => {
    const first = await world.ask(session, 'gate open');
    await world.reaches(first, 'running');
    const names = ['a', 'b', 'c', 'd', 'e'];
    const turns = await fill(...names);
    // More moves into one gap than a number between two numbers can be halved.
    const model = [...names];
    for (let move = 0; move < 70; move++) {
      const name = model[4] ?? '';
      await patch(turns[names.indexOf(name)] as Turn, { position: 1 });
      model.splice(4, 1);
      model.splice(1, 0, name);
    }
    expect(await queue()).toEqual(model);
    const client = (places: readonly number[]): Promise<Turn[]> =>
      Promise.all(places.map((position, at) => patch(turns[at] as Turn, { position })));
    await Promise.all([client([4, 0, 2, 1, 3]), client([0, 0, 0, 0, 0]), client([1, 9, 1, 9, 1])]);
    const order = await queue();
    expect(order.toSorted()).toEqual(names);
    await world.openGate(stage, 'open');
    await Promise.all(turns.map((turn) => world.ended(turn)));
    expect(await world.starts(stage)).toEqual(['gate open', ...order]);
  });

  it('is changed before a worker has taken a turn, or not at all', async () => {
    for (let round = 0; round < 8; round++) {
      const turn = await world.ask(session, `before ${round}`);
      const [edited, moved] = await Promise.all([
        world.api.call('PATCH', `/turns/${turn.id}`, { prompt: `after ${round}` }),
        world.api.call('PATCH', `/turns/${turn.id}`, { position: 0 }),
      ]);
      expect([200, 409]).toContain(edited.status);
      expect([200, 409]).toContain(moved.status);
      expect(await world.ended(turn)).toMatchObject({ state: 'completed', attempts: 1 });
      const said = `${edited.status === 200 ? 'after' : 'before'} ${round}`;
      expect((await world.starts(stage))[round]).toBe(said);
      expect((await read(turn)).prompt).toBe(said);
    }
  });

  it('keeps back what was held in time', async () => {
    const held: Turn[] = [];
    for (let round = 0; round < 8; round++) {
      const turn = await world.ask(session, `turn ${round}`);
      const { status } = await world.api.call('PATCH', `/turns/${turn.id}`, { held: true });
      if (status === 200) held.push(turn);
      else expect(await world.ended(turn)).toMatchObject({ state: 'completed' });
    }
    const last = await world.ask(session, 'last');
    await world.ended(last);
    const started = await world.starts(stage);
    expect(started).toHaveLength(9 - held.length);
    for (const turn of held) {
      expect(await read(turn)).toMatchObject({ state: 'queued', held: true, attempts: 0 });
      expect(started).not.toContain(turn.prompt);
    }
  });

  it('is held whole, lets others pass, and goes on in its order', async () => {
    const path = `/sessions/${session.id}`;
    expect(await world.api.ok('PATCH', path, { held: true })).toMatchObject({ held: true });
    const turns = await fill('a', 'b');
    const neighbour = await world.actor('local', stage);
    expect(await world.ended(await world.ask(neighbour, 'neighbour'))).toMatchObject({
      state: 'completed',
    });
    await world.server.restart();
    expect(await world.ended(await world.ask(neighbour, 'again'))).toMatchObject({
      state: 'completed',
    });
    expect(await queue()).toEqual(['a', 'b']);
    expect(await world.api.get(path)).toMatchObject({ held: true, queued: 2, state: 'idle' });
    expect(await world.api.ok('PATCH', path, { held: false })).toMatchObject({ held: false });
    await Promise.all(turns.map((turn) => world.ended(turn)));
    expect(await world.starts(stage)).toEqual(['neighbour', 'again', 'a', 'b']);
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

  it.each(PLACES)(
    `lets one turn at a time write in a directory with several names (%s)${WITHOUT_SSH}`,
    async (place) => {
      const link = `${stage}-link`;
      await symlink(stage, link);
      const owner = await world.actor(place, stage);
      const other = await world.actor(place, stage, { cwd: link });
      const first = await world.ask(owner, 'gate open');
      await world.reaches(first, 'running');
      const second = await world.ask(other, 'second');
      // Back in the queue once its host has told what the other name stands for.
      await eventually(async () => {
        const told = await world.events(`session:${other.id}`);
        return told.filter(({ type }) => type === 'turn.queued').length === 2;
      });
      expect(await read(second)).toMatchObject({ state: 'queued', attempts: 0, waiting: null });
      await world.openGate(stage, 'open');
      expect(await world.ended(second)).toMatchObject({ state: 'completed', attempts: 1 });
      expect(await world.starts(stage)).toEqual(['gate open', 'second']);
      const there = JSON.parse((await read(second)).text ?? '') as Told;
      expect(there.cwd).toBe(stage);
    },
  );

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
