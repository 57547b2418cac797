import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { turnEnded } from '../support/api.js';
import { BuiltServer } from '../support/built-server.js';
import { ProviderStage } from '../support/provider-actor.js';
import { describeStores, startStore, type Store } from '../support/stores.js';

describeStores('A turn whose conversation is gone', (kind) => {
  let store: Store;
  let server: BuiltServer;
  let dir: string;
  // What waits may be taken up at once or, as a rule, not before this server is killed.
  const settings = { MAESTRO_SWEEP_MS: '3600000' };

  beforeAll(async () => {
    store = await startStore(kind);
    server = await BuiltServer.start({ store, settings });
    dir = await realpath(await mkdtemp(join(tmpdir(), 'maestro-lost-')));
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await store.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const ended = async ({ id }: Turn): Promise<Turn> =>
    (await turnEnded(server.api, id, 60_000)) as unknown as Turn;

  it('is begun anew exactly once, though the server is killed before and after that', async () => {
    const stage = await ProviderStage.open(dir, [{ says: 'noted' }]);
    const fields = { name: 'actor', ...stage.session };
    const session = await server.api.post<Session>('/sessions', fields);
    const ask = (prompt: string): Promise<Turn> =>
      server.api.post<Turn>(`/sessions/${session.id}/turns`, { prompt });
    const before = await ended(await ask('Remember 4711'));
    await stage.forget(before.providerSessionId);
    await stage.plays([{ waits: 'gate' }]);

    const { id } = await ask('Which number?');
    const lost = await server.api.until<Turn>(`/turns/${id}`, ({ earlier }) => earlier.length > 0);
    expect(lost.earlier).toMatchObject([{ code: 'agent/session-not-found' }]);
    await server.kill();
    settings.MAESTRO_SWEEP_MS = '500';
    await server.start();
    await server.api.until<Turn>(`/turns/${id}`, ({ state }) => state === 'running');
    await server.kill();
    await stage.open('gate');
    await server.start();

    const turn = await ended(lost);
    expect(turn).toMatchObject({ state: 'completed', text: 'waited', attempts: 2 });
    expect(turn.earlier).toEqual(lost.earlier);
    const starts = await stage.starts();
    expect(starts.map(({ resumed }) => resumed)).toEqual([null, before.providerSessionId, null]);
    expect(starts[2]?.prompt).toContain('  Remember 4711');
    expect(await server.api.get(`/sessions/${session.id}`)).toMatchObject({
      providerSessionId: turn.providerSessionId,
    });
    const { items } = await server.api.get<{ items: { type: string }[] }>(
      `/events?stream=session:${session.id}&limit=200`,
    );
    expect(items.filter(({ type }) => type === 'turn.resumed-afresh')).toHaveLength(1);
  });
});
