import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AgentRegistry } from '../../src/agents/index.js';
import { freshState } from '../../src/agents/stream/parser-state.js';
import { type RemotesService } from '../../src/modules/remotes/index.js';
import { type ImagesRepository } from '../../src/modules/sessions/storage/images.repository.js';
import { QueueService } from '../../src/modules/sessions/queue.service.js';
import { TurnNotQueued } from '../../src/modules/sessions/sessions.errors.js';
import { TurnsService } from '../../src/modules/sessions/turns.service.js';
import { type JobQueue } from '../../src/platform/queue/index.js';
import { TurnsWorld } from './turns.world.js';

let world: TurnsWorld;
beforeAll(async () => {
  world = await TurnsWorld.open();
}, 60_000);
afterAll(() => world.close());

describe('A turn whose clock has run out', () => {
  let service: TurnsService;
  beforeAll(() => {
    const { database, turns, sessions, claims, events, jobs } = world;
    service = new TurnsService(
      ...([database, turns, sessions, claims, {} as ImagesRepository] as const),
      ...([{} as RemotesService, {} as AgentRegistry, events, jobs] as const),
    );
  });

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

describe('A turn whose limit is over', () => {
  const overdue = { state: 'limited', resumesAt: new Date(0) } as const;

  it('does not go on while it or its session is held, and keeps nobody from the directory', async () => {
    const [mine, other] = [await world.session(), await world.session()];
    const workingTree = `local:/${mine}`;
    const limited = await world.turn(mine, { ...overdue, workingTree });
    const next = await world.turn(other, { workingTree });
    expect(await world.claims.due()).toEqual([limited]);
    await world.sessions.update(world.database, mine, { held: true });
    expect(await world.claims.due()).toEqual([next]);
    expect(await world.claims.claim(limited)).toBeNull();
    await world.sessions.update(world.database, mine, { held: false });
    await world.turns.update(world.database, limited, { held: true });
    expect(await world.claims.due()).toEqual([next]);
    await world.turns.update(world.database, next, { state: 'completed' });
    await world.turns.update(world.database, limited, { held: false });
    expect(await world.claims.claim(limited)).toMatchObject({ begun: true });
  });

  it('can be held, not edited or moved, and its bell rings when it is let go', async () => {
    const rung: string[] = [];
    const { database, turns, sessions, claims, events } = world;
    const jobs = { ring: (_job: string, id: string) => rung.push(id) } as unknown as JobQueue;
    const queue = new QueueService(database, turns, sessions, claims, events, jobs);
    const id = await world.turn(await world.session(), overdue);
    for (const change of [{ prompt: 'else', held: true }, { position: 0 }]) {
      await expect(queue.patch(id, change)).rejects.toThrow(TurnNotQueued);
    }
    expect(await queue.patch(id, { held: true })).toMatchObject({ state: 'limited', held: true });
    expect(rung).toEqual([]);
    expect(await queue.patch(id, { held: false })).toMatchObject({ state: 'limited', held: false });
    expect(rung).toEqual([id]);
    const { sessionId } = await world.stored(id);
    const types = (await world.told(sessionId)).map(({ type }) => type);
    expect(types.filter((type) => type.startsWith('turn.'))).toEqual([
      'turn.limited',
      'turn.limited',
    ]);
    expect(await world.database.transaction((tx) => turns.waiting(sessionId, tx))).toEqual([id]);
    await turns.update(database, id, { state: 'completed' });
  });
});

describe('The conversation of a session', () => {
  /** Ends a turn that was asked so long ago, and answers with the conversation that its session then has. */
  const ending = async (
    sessionId: string,
    conversation: string,
    asked: { agoMs: number; fresh?: boolean },
  ): Promise<string | null> => {
    const { agoMs, fresh = false } = asked;
    const queuedAt = new Date(Date.now() - agoMs);
    const id = await world.turn(sessionId, { queuedAt, fresh });
    const { row, recorder } = await world.claimed(id);
    row.parser = { ...freshState(), providerSessionId: conversation };
    const end = { text: '', exitCode: 0, signal: null, error: null, resumesAt: null };
    await world.ledger.ended(recorder, row, () => ({ ...end, state: 'completed' }), null);
    return (await world.sessions.find(sessionId))?.providerSessionId ?? null;
  };

  it('stays that of the turn asked for last, whichever ends last', async () => {
    const session = await world.session({ providerSessionId: 'one' });
    expect(await ending(session, 'two', { agoMs: 1_000, fresh: true })).toBe('two');
    expect(await ending(session, 'one', { agoMs: 60_000 })).toBe('two');
    expect(await ending(session, 'three', { agoMs: 0, fresh: true })).toBe('three');
  });

  it('goes on under another name when its provider gives it one', async () => {
    const session = await world.session({ providerSessionId: 'one' });
    expect(await ending(session, 'renamed', { agoMs: 1_000 })).toBe('renamed');
    expect(await ending(session, 'again', { agoMs: 0 })).toBe('again');
  });
});
