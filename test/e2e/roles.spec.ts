import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { turnEnded } from '../support/api.js';
import { BuiltServer, makeHome } from '../support/built-server.js';
import { redisProgram } from '../support/redis.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';
import { startStore, type Store } from '../support/stores.js';
import { CountingAgents, eventsOf, heard, outputOf, registerRemote } from './counting-agents.js';
import { StreamListener } from './stream-listener.js';

const lacks = [redisProgram() === null && 'redis-server', !sshdAvailable() && 'sshd'].filter(
  Boolean,
);
const suite = lacks.length === 0 ? describe : describe.skip;
const why = lacks.length === 0 ? '' : ` (this machine has no ${lacks.join(' and no ')})`;

/** Long enough that a takeover cannot come from a lease that ran out. */
const LEASE_MS = 120_000;

suite(`An api process and two workers on one PostgreSQL and Redis${why}`, () => {
  let store: Store;
  let sshd: TestSshd;
  let agents: CountingAgents;
  const servers: BuiltServer[] = [];
  const start = async (role: 'api' | 'worker'): Promise<BuiltServer> => {
    const settings = {
      // Where the runs of this machine are kept: it is one machine, and one user.
      HOME: join(agents.dir, 'home'),
      MAESTRO_SECRET_KEY: 'one key for all processes',
      MAESTRO_LEASE_MS: String(LEASE_MS),
    };
    const server = await BuiltServer.start({ store, role, settings });
    servers.push(server);
    return server;
  };

  beforeAll(async () => {
    store = await startStore('external');
    sshd = await startSshd();
    agents = await CountingAgents.create();
    await makeHome(join(agents.dir, 'home'));
  }, 120_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await sshd.stop();
    await store.stop();
    await agents.remove();
  });

  it('go on when the worker that drives the turns is killed, and the api tells it all once', async () => {
    const { api } = await start('api');
    const first = await start('worker');
    const remoteId = await registerRemote(api, sshd, 'box');
    const countings = await Promise.all(
      [undefined, undefined, remoteId, remoteId].map(async (remoteId, index) => {
        const session = { name: `counter-${index}`, paceMs: 200, remoteId };
        return agents.count(api, await agents.session(api, session), 300);
      }),
    );
    const streams = countings.map(({ sessionId }) => `session:${sessionId}`);
    const listener = await StreamListener.start(api, streams);
    await heard(api, countings);

    // Only now is there another one: the first has all the turns.
    await start('worker');
    await first.kill();
    const killedAt = Date.now();
    const again = await heard(api, countings, killedAt);
    const afterMs = again.map(({ at }) => Date.parse(at) - killedAt);
    console.log(`the other worker was heard ${afterMs.join(', ')} ms after the kill`);
    for (const { turnId, numbers, sessionId } of countings) {
      const turn = await turnEnded(api, turnId, 60_000);
      expect(turn).toMatchObject({ state: 'completed', attempts: 1, text: numbers });
      const events = await eventsOf(api, `session:${sessionId}`);
      expect(outputOf(events, turnId)).toBe(numbers);
      expect((await agents.entries(turnId)).map(({ event }) => event)).toEqual(['start', 'end']);
      const stream = `session:${sessionId}`;
      await listener.until(() => listener.of(stream).length >= events.length);
      expect(listener.of(stream)).toEqual(events);
    }
    listener.close();
  }, 120_000);
});
