import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, type Api, type SeenTurn, turnEnded } from '../support/api.js';
import { BuiltServer } from '../support/built-server.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';
import { describeStores, startStore, type Store } from '../support/stores.js';
import {
  type Counting,
  CountingAgents,
  eventsOf,
  heard,
  outputOf,
  registerRemote,
} from './counting-agents.js';

const why = sshdAvailable() ? '' : ' (this machine has no sshd)';

describeStores('What is under way', (kind) => {
  let store: Store;
  let server: BuiltServer;
  let agents: CountingAgents;
  let sshd: TestSshd | null = null;
  let remoteId: string | undefined;
  let api: Api;

  beforeAll(async () => {
    store = await startStore(kind);
    server = await BuiltServer.start({ store });
    api = server.api;
    agents = await CountingAgents.create();
    if (!sshdAvailable()) return;
    sshd = await startSshd();
    remoteId = await registerRemote(api, sshd, 'box');
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await sshd?.stop();
    await store.stop();
    await agents.remove();
  });

  const startCounting = async (
    name: string,
    { local, remote, upTo }: { local: number; remote: number; upTo: number },
  ): Promise<Counting[]> => {
    const places = [
      ...Array<undefined>(local),
      ...Array<string | undefined>(remote).fill(remoteId),
    ];
    return Promise.all(
      places.map(async (remoteId, index) => {
        const session = { name: `${name}-${index}`, paceMs: 200, remoteId };
        return agents.count(api, await agents.session(api, session), upTo);
      }),
    );
  };

  const expectWhole = async ({ sessionId, turnId, numbers }: Counting): Promise<void> => {
    const turn = await turnEnded(api, turnId, 60_000);
    expect(turn).toMatchObject({ state: 'completed', attempts: 1, exitCode: 0, error: null });
    const events = await eventsOf(api, `session:${sessionId}`);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(outputOf(events, turnId)).toBe(numbers);
    expect(turn.text).toBe(numbers);
    const ends = events.filter(({ type }) => /^turn\.(started|completed)$/.test(type));
    expect(ends.map(({ type }) => type)).toEqual(['turn.started', 'turn.completed']);
    const journal = await agents.entries(turnId);
    expect(journal.map(({ event }) => event)).toEqual(['start', 'end']);
  };

  const stillAlive = (countings: readonly Counting[]): Promise<boolean[]> =>
    Promise.all(countings.map(({ turnId }) => agents.isAlive(turnId)));

  const suite = sshdAvailable() ? describe : describe.skip;
  suite(`here and over SSH${why}`, () => {
    it('survives SIGKILL of the server: five turns go on alone and lose nothing', async () => {
      const countings = await startCounting('killed', { local: 2, remote: 3, upTo: 420 });
      await heard(api, countings);
      await server.kill();
      const killedAt = Date.now();
      expect(await stillAlive(countings)).toEqual(countings.map(() => true));
      const startMs = await server.start();
      const readyAt = Date.now();
      const again = await heard(api, countings, killedAt);
      const attachedMs = again.map(({ at }) => Date.parse(at) - readyAt);
      console.log(
        `${kind}: ready again in ${Math.round(startMs)} ms; first output of each turn after that: ${attachedMs.join(', ')} ms`,
      );
      for (const counting of countings) await expectWhole(counting);
    });

    it('is left running by SIGTERM, and survives a cut link before and after', async () => {
      const countings = await startCounting('drained', { local: 1, remote: 2, upTo: 300 });
      await heard(api, countings);
      sshd?.cutConnections();
      await heard(api, countings, Date.now());
      const { code, elapsedMs } = await server.terminate();
      const endedAt = Date.now();
      expect(code).toBe(0);
      expect(elapsedMs).toBeLessThan(30_000);
      expect(await stillAlive(countings)).toEqual(countings.map(() => true));
      await server.start();
      await heard(api, countings, endedAt);
      sshd?.cutConnections();
      console.log(`${kind}: SIGTERM drained in ${Math.round(elapsedMs)} ms`);
      for (const counting of countings) await expectWhole(counting);
    });
  });

  // Which keys were answered is kept in PostgreSQL, wherever the queue is.
  if (kind === 'external') return;
  it('is made once by POSTs that are repeated with their Idempotency-Key until they are answered', async () => {
    const sessionId = await agents.session(api, { name: 'storm', paceMs: 0 });
    const turn = { path: `/sessions/${sessionId}/turns`, body: { prompt: '%% say once' } };
    const posts = Array.from({ length: 24 }, (_, index) => ({
      key: randomUUID(),
      ...(index % 4 === 0
        ? turn
        : {
            path: '/sessions',
            body: { name: `storm-${index}`, agent: 'demo', cwd: agents.dir },
          }),
    }));
    let answered = 0;
    let kills: Promise<unknown> = Promise.resolve();
    const made = await Promise.all(
      posts.map(async ({ key, path, body }) => {
        const first = await persist(api, path, body, key);
        answered += 1;
        // In the middle of the storm, and once more later.
        if (answered === 3 || answered === 14) {
          kills = kills.then(async () => {
            await server.kill();
            await server.start();
          });
        }
        return { path, body, key, id: first.body['id'] };
      }),
    );
    await kills;
    for (const { path, body, key, id } of made) {
      expect((await persist(api, path, body, key)).body['id']).toBe(id);
    }
    const { items } = await api.get<{ items: { name: string }[] }>('/sessions?limit=200');
    const names = items.map(({ name }) => name).filter((name) => name.startsWith('storm-'));
    expect(names).toHaveLength(18);
    expect(new Set(names).size).toBe(18);
    const turns = await api.get<{ items: SeenTurn[] }>(`/sessions/${sessionId}/turns?limit=200`);
    expect(turns.items).toHaveLength(6);
    for (const { id } of turns.items) {
      expect(await turnEnded(api, id, 60_000)).toMatchObject({ state: 'completed', attempts: 1 });
      expect(await agents.entries(id)).toHaveLength(2);
    }
  }, 120_000);
});

/** Asks again with the same key until there is an answer, as a good client does. */
const persist = async (api: Api, path: string, body: object, key: string): Promise<Answer> => {
  for (const deadline = Date.now() + 90_000; ;) {
    const answer = await api
      .call('POST', path, body, { 'Idempotency-Key': key })
      .catch((error: unknown) => error);
    if (!(answer instanceof Error)) {
      const { status } = answer as Answer;
      if (status < 300) return answer as Answer;
      if (status !== 409 && status < 500) throw new Error(`${path}: ${status}`);
    }
    if (Date.now() > deadline) throw new Error(`${path}: no answer`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
