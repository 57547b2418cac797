import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Remote } from '../../src/modules/remotes/index.js';
import { type Session } from '../../src/modules/sessions/index.js';
import { Sealer } from '../../src/platform/access/index.js';
import { SessionsWorld } from './sessions.world.js';

const SECRET = 'of this test alone';
/** Names that an earlier release kept, and that are refused now. */
const KEPT = { UID: '0', SECONDS: 'a', COLUMNS: 'wide' };

describe('Variables that were kept before their names were refused', () => {
  let world: SessionsWorld;
  beforeAll(async () => {
    world = await SessionsWorld.openWithSql({ MAESTRO_SECRET_KEY: SECRET });
  }, 120_000);
  afterAll(() => world.close());

  const keep = async (
    table: 'remotes' | 'sessions',
    id: string,
    env: Record<string, string>,
  ): Promise<void> => {
    const sealed = new Sealer(SECRET).seal(JSON.stringify(env), `${table}/${id}/env`);
    await world.sql(`UPDATE ${table} SET env = $2, env_names = $3 WHERE id = $1`, [
      ...[id, sealed, JSON.stringify(Object.keys(env))],
    ]);
  };

  it('fail no turn, and no change of another variable of the session', async () => {
    const stage = await world.stage();
    const session = await world.actor('local', stage);
    await keep('sessions', session.id, { ...KEPT, ACTOR_STAGE: stage, ACTOR_LINES: 'kept' });
    expect(await world.told(session, 'x')).toMatchObject({ lines: 'kept' });

    const path = `/sessions/${session.id}`;
    const env = { ACTOR_LINES: 'changed', UID: null };
    const patched = await world.api.ok<Session>('PATCH', path, { env });
    expect(Object.keys(patched.env).sort()).toEqual([
      ...['ACTOR_LINES', 'ACTOR_STAGE', 'COLUMNS', 'SECONDS'],
    ]);
    expect(await world.told(session, 'y')).toMatchObject({ lines: 'changed' });
    expect(await world.api.call('PATCH', path, { env: { UID: '1' } })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/env/UID' }] },
    });
  });

  it('are in the way of no change of another variable of a remote', async () => {
    const remote = await world.api.post<Remote>('/remotes', { name: 'old', host: 'box.example' });
    await keep('remotes', remote.id, KEPT);
    const path = `/remotes/${remote.id}`;
    const patched = await world.api.ok<Remote>('PATCH', path, { env: { A: 'b', UID: null } });
    expect(Object.keys(patched.env).sort()).toEqual(['A', 'COLUMNS', 'SECONDS']);
    expect(await world.api.call('PATCH', path, { env: { UID: '1' } })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/env/UID' }] },
    });
  });
});
