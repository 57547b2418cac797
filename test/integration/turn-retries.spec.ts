import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { type Act, ProviderStage } from '../support/provider-actor.js';
import { describeStores } from '../support/stores.js';
import {
  alive,
  type Place,
  PLACES,
  type SeenEvent,
  SessionsWorld,
  WITHOUT_SSH,
} from './sessions.world.js';

describeStores(`A turn that its provider holds up${WITHOUT_SSH}`, (kind) => {
  let world: SessionsWorld;
  beforeAll(async () => {
    world = await SessionsWorld.open(kind, { MAESTRO_TURN_RETRY_MS: '300' });
  }, 120_000);
  afterAll(() => world.close());

  const open = async (
    place: Place,
    acts: readonly Act[],
    limits = {},
  ): Promise<{ stage: ProviderStage; session: Session }> => {
    const stage = await ProviderStage.open(world.dir, acts);
    const remoteId = world.remoteIdAt(place);
    const fields = { name: 'actor', remoteId, limits, ...stage.session };
    return { stage, session: await world.api.post<Session>('/sessions', fields) };
  };
  const eventsOf = async ({ id }: Session, ...types: string[]): Promise<SeenEvent[]> =>
    (await world.events(`session:${id}`)).filter(({ type }) => types.includes(type));
  const done = async (session: Session, prompt: string, more = {}): Promise<Turn> =>
    world.ended(await world.ask(session, prompt, more));

  describe.each(PLACES)('on %s', (place) => {
    it('goes on after the reset of a limit, in its own conversation, over a restart of the server', async () => {
      const { stage, session } = await open(place, [{ resetsInMs: 6_000 }]);
      const asked = await world.ask(session, 'hello', { fresh: true });
      const limited = await world.reaches(asked, 'limited');
      expect(limited).toMatchObject({ error: { code: 'agent/limit' }, finishedAt: null });
      const resetMs = Date.parse(limited.resumesAt ?? '');
      expect(Date.parse(limited.retryAt ?? '')).toBeGreaterThanOrEqual(resetMs);
      expect(await world.api.get(`/sessions/${session.id}`)).toMatchObject({ state: 'limited' });
      await world.server.restart();
      const turn = await world.ended(asked);
      expect(turn).toMatchObject({
        ...{ state: 'completed', text: 'answer', error: null, attempts: 1, retryAt: null },
        ...{ resumesAt: null, providerSessionId: limited.providerSessionId },
        earlier: [{ attempt: 1, code: 'agent/limit', worked: false }],
        usage: { inputTokens: 200, outputTokens: 20, costUsd: 0.02 },
      });
      expect(Date.parse(turn.startedAt ?? '')).toBeGreaterThanOrEqual(resetMs);
      expect(await stage.starts()).toEqual([
        { prompt: 'hello', resumed: null, marked: null },
        { prompt: 'hello', resumed: limited.providerSessionId, marked: '1' },
      ]);
      expect(await eventsOf(session, 'turn.limited')).toHaveLength(1);
      expect(await world.api.get(`/sessions/${session.id}`)).toMatchObject({
        ...{ state: 'idle', usage: { inputTokens: 200 } },
        providerSessionId: turn.providerSessionId,
      });
    });

    it('is not asked for again what it has begun, when a limit or an overload stops it', async () => {
      const { stage, session } = await open(place, [
        { works: 'one', resetsInMs: 500 },
        { works: 'two', fails: 529 },
        { says: 'the rest' },
      ]);
      const turn = await done(session, 'PLEASE DO IT');
      expect(turn).toMatchObject({ state: 'completed', text: 'the rest', attempts: 2 });
      expect(turn.earlier).toMatchObject([
        { code: 'agent/limit', worked: true },
        { code: 'agent/overloaded', worked: true },
      ]);
      const [first, second, third, ...more] = await stage.starts();
      expect(first).toMatchObject({ prompt: 'PLEASE DO IT', resumed: null });
      expect(second).toMatchObject({ resumed: turn.providerSessionId, marked: '1' });
      expect(third).toEqual(second);
      expect(second?.prompt).not.toContain('PLEASE DO IT');
      expect([more, await stage.work()]).toEqual([[], ['one', 'two']]);
    });

    it('is tried again when the provider is overloaded or out of reach, and tells so', async () => {
      const { stage, session } = await open(place, [{ fails: 529 }, { unreachable: true }]);
      const turn = await done(session, 'hello');
      expect(turn).toMatchObject({ state: 'completed', attempts: 3, waiting: null, error: null });
      expect(turn.earlier.map(({ code }) => code)).toEqual(['agent/overloaded', 'agent/network']);
      const waits = await eventsOf(session, 'turn.waiting');
      expect(waits.map(({ data }) => data.turn)).toMatchObject([
        { state: 'queued', waiting: { code: 'agent/overloaded' }, retryAt: expect.any(String) },
        { state: 'queued', waiting: { code: 'agent/network' }, retryAt: expect.any(String) },
      ]);
      expect(await stage.starts()).toHaveLength(3);
    });

    it('goes on in a new conversation when the old one is gone, and is told what was said in it', async () => {
      const { stage, session } = await open(place, [{ says: 'Noted: 4711' }]);
      const before = await done(session, 'Remember 4711');
      await stage.forget(before.providerSessionId);
      const turn = await done(session, 'Which number?');
      expect(turn).toMatchObject({
        ...{ state: 'completed', text: 'answer', attempts: 2 },
        earlier: [{ code: 'agent/session-not-found', providerSessionId: before.providerSessionId }],
      });
      expect(turn.providerSessionId).not.toBe(before.providerSessionId);
      const [, resumed, anew, ...more] = await stage.starts();
      expect(more).toEqual([]);
      expect(resumed).toEqual({
        ...{ prompt: 'Which number?', resumed: before.providerSessionId, marked: '1' },
      });
      expect(anew).toMatchObject({ resumed: null, marked: null });
      expect(anew?.prompt).toContain('  Remember 4711');
      expect(anew?.prompt).toContain('  Noted: 4711');
      expect(anew?.prompt.endsWith('\n\nREQUEST:\nWhich number?')).toBe(true);
      const { providerSessionId } = turn;
      const told = { turnId: turn.id, from: before.providerSessionId, to: providerSessionId };
      expect((await eventsOf(session, 'turn.resumed-afresh')).map(({ data }) => data)).toEqual([
        { ...told, reason: 'session-not-found' },
      ]);
      const updates = (await eventsOf(session, 'session.updated')).map(({ data }) => data);
      expect(updates).toContainEqual({ sessionId: session.id, providerSessionId });
      expect(await world.api.get(`/sessions/${session.id}`)).toMatchObject({ providerSessionId });
      const next = await done(session, 'And now?');
      expect(next).toMatchObject({ state: 'completed', attempts: 1, providerSessionId });
    });
  });

  it('fails when its limits come in a row too often', async () => {
    const { stage, session } = await open(
      'local',
      [{ resetsInMs: 0 }, { resetsInMs: 0 }, { resetsInMs: 0 }],
      { limitStreak: 2 },
    );
    const turn = await done(session, 'hello');
    expect(turn).toMatchObject({
      ...{ state: 'failed', attempts: 1 },
      error: { code: 'agent/limit', message: expect.stringContaining('2 waits in a row') },
    });
    expect(await stage.starts()).toHaveLength(3);
  });

  it('fails at once where its session waits for nothing', async () => {
    const off = { resumeAfterLimit: false, retries: 0 };
    const { stage, session } = await open('local', [{ resetsInMs: 60_000 }, { fails: 529 }], off);
    const limited = await done(session, 'hello');
    expect(limited).toMatchObject({ state: 'failed', error: { code: 'agent/limit' }, earlier: [] });
    expect(limited.error?.hint).toContain(limited.resumesAt);
    expect(await done(session, 'hello')).toMatchObject({
      ...{ state: 'failed', error: { code: 'agent/overloaded' }, earlier: [] },
    });
    expect(await stage.starts()).toHaveLength(2);
    await world.api.call('PATCH', `/sessions/${session.id}`, { limits: { retries: null } });
    await stage.plays([{ fails: 500 }]);
    expect(await done(session, 'hello')).toMatchObject({ state: 'completed', attempts: 2 });
  });

  it('is stopped with all it runs when its tool is silent for too long, which is named', async () => {
    const { stage, session } = await open('local', [{ hangsIn: 'Bash' }], {
      silenceMs: 3_000,
      toolMs: 4_000,
    });
    const turn = await done(session, 'hello');
    expect(turn).toMatchObject({ state: 'failed', attempts: 1, earlier: [] });
    expect(turn.error).toMatchObject({
      ...{ code: 'agent/silent', message: expect.stringContaining('tool Bash') },
      hint: expect.stringContaining('limits.toolMs'),
    });
    const ranMs = Date.parse(turn.finishedAt ?? '') - Date.parse(turn.startedAt ?? '');
    expect(ranMs).toBeGreaterThanOrEqual(4_000);
    expect(alive(await stage.pids())).toEqual([]);
  });

  it('is never tried again for what a person must see to', async () => {
    const { stage, session } = await open('local', [{ fails: 401 }]);
    expect(await done(session, 'hello')).toMatchObject({
      ...{ state: 'failed', attempts: 1, earlier: [], error: { code: 'agent/auth-failed' } },
    });
    expect(await stage.starts()).toHaveLength(1);
  });

  it('can be called off and be rewritten while it waits to be tried again, unless it has worked', async () => {
    const { stage, session } = await open('local', [{ works: 'one', resetsInMs: 600_000 }]);
    const limited = await world.reaches(await world.ask(session, 'hello'), 'limited');
    await world.api.post(`/turns/${limited.id}/cancel`);
    expect(await world.ended(limited)).toMatchObject({ state: 'cancelled', error: null });
    await stage.plays(Array.from({ length: 30 }, () => ({ fails: 529 })));
    await world.api.call('PATCH', `/sessions/${session.id}`, { limits: { retries: 20 } });
    const asked = await world.ask(session, 'hello');
    await world.api.until<Turn>(`/turns/${asked.id}`, (turn) => turn.earlier.length >= 3);
    const waiting = await world.api.until<Turn>(
      `/turns/${asked.id}`,
      (turn) => turn.state === 'queued' && turn.waiting !== null,
    );
    expect(waiting).toMatchObject({ waiting: { code: 'agent/overloaded' }, error: null });
    const hold = (held: boolean): Promise<unknown> =>
      world.api.ok('PATCH', `/sessions/${session.id}`, { held });
    await hold(true);
    const { earlier } = await world.reaches(asked, 'queued');
    await world.api.ok('PATCH', `/turns/${asked.id}`, { prompt: 'other' });
    await hold(false);
    await world.api.until<Turn>(
      `/turns/${asked.id}`,
      (turn) => turn.earlier.length > earlier.length,
    );
    expect((await stage.starts()).at(-1)).toMatchObject({ prompt: 'other' });
    await world.api.post(`/turns/${asked.id}/cancel`);
    expect(await world.ended(asked)).toMatchObject({ state: 'cancelled', waiting: null });
    await stage.plays([{ works: 'two', fails: 529 }, { fails: 529 }, { fails: 529 }]);
    const worked = await world.ask(session, 'hello');
    await world.api.until<Turn>(`/turns/${worked.id}`, (turn) => turn.earlier.length > 0);
    await hold(true);
    await world.reaches(worked, 'queued');
    const patched = await world.api.call('PATCH', `/turns/${worked.id}`, { prompt: 'other' });
    const errors = [{ pointer: '/prompt', detail: expect.any(String) }];
    expect(patched).toMatchObject({ status: 409, body: { code: 'turns/has-worked', errors } });
    await world.api.ok('PATCH', `/turns/${worked.id}`, { held: true });
    await world.api.post(`/turns/${worked.id}/cancel`);
  });

  it('accepts the name that its CLI gives to a resumed conversation, and tells so', async () => {
    const { stage, session } = await open('local', [{}, { renames: true }]);
    const before = await done(session, 'one');
    const turn = await done(session, 'two');
    expect(turn).toMatchObject({ state: 'completed', attempts: 1, earlier: [] });
    const { providerSessionId: to } = turn;
    expect((await eventsOf(session, 'turn.resumed-afresh')).map(({ data }) => data)).toEqual([
      { turnId: turn.id, from: before.providerSessionId, to, reason: 'renamed' },
    ]);
    await done(session, 'three');
    expect((await stage.starts()).map(({ resumed }) => resumed)).toEqual([
      ...[null, before.providerSessionId, to],
    ]);
  });
});
