import { chmod, copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { type Remote, type RemoteState } from '../../src/modules/remotes/index.js';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/platform/database/embedded/index.js';
import { type Api } from '../support/api.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';
import { describeStores } from '../support/stores.js';
import { remoteBody, SessionsWorld } from './sessions.world.js';

const LIMIT_MS = 120_000;

const sshSuite = sshdAvailable()
  ? describeStores
  : (title: string, tests: (kind: 'embedded') => void): void => {
      describe.skip(`${title} (this machine has no sshd)`, () => {
        tests('embedded');
      });
    };

interface StateEvent {
  type: string;
  data: { remoteId: string; state: RemoteState };
}

const toldOn = async (api: Api, stream: string, remote: Remote): Promise<string[]> => {
  const { items } = await api.get<{ items: StateEvent[] }>(
    `/events?stream=${stream}&after=0&limit=200`,
  );
  return items
    .filter(({ type, data }) => type === 'remote.state' && data.remoteId === remote.id)
    .map(({ data }) => data.state.status);
};

/**
 * The states one after the other; a round trip that a busy machine makes longer is told, too, and is no other state. One
 * that takes so long that the link is given up may come between any two, and is over by itself: `( offline online)*`.
 */
const changes = (told: readonly string[], ignored: string | null = 'degraded'): string =>
  told
    .filter((status) => status !== ignored)
    .filter((status, index, all) => status !== all[index - 1])
    .join(' ');

const reaches = (api: Api, { id }: Remote, status: RemoteState['status']): Promise<Remote> =>
  api.until<Remote>(`/remotes/${id}`, ({ state }) => state.status === status, LIMIT_MS);

sshSuite('the state of a remote', (kind) => {
  let world: SessionsWorld;
  let sshd: TestSshd;
  beforeAll(async () => {
    world = await SessionsWorld.open(kind);
    sshd = world.sshd as TestSshd;
  }, 120_000);
  afterAll(() => world.close());
  afterEach(() => {
    sshd.proxy.mode = 'pass';
  });

  const tested = async (name: string): Promise<Remote> => {
    const remote = await world.api.post<Remote>('/remotes', remoteBody(sshd, name));
    expect(await world.api.post(`/remotes/${remote.id}/test`)).toMatchObject({ ok: true });
    return remote;
  };

  it(
    'follows the link by itself, tells each change once, and nothing in between',
    async () => {
      const remote = await tested('watched');
      const online = await reaches(world.api, remote, 'online');
      expect(online.state).toMatchObject({ error: null, latencyMs: expect.any(Number) });

      sshd.proxy.mode = 'refuse';
      const seen = sshd.proxy.refused;
      sshd.cutConnections();
      const offline = await reaches(world.api, remote, 'offline');
      expect(offline.state.error).toMatchObject({ code: expect.stringMatching(/^ssh\//) });
      expect(Date.parse(offline.state.since)).toBeGreaterThan(Date.parse(online.state.since));
      // Nobody uses it, and yet it is tried, again and again.
      while (sshd.proxy.refused < seen + 4) {
        const now = await world.api.get<Remote>(`/remotes/${remote.id}`);
        expect(now.state.status).toBe('offline');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      sshd.proxy.mode = 'pass';
      await reaches(world.api, remote, 'online');
      const told = await toldOn(world.api, `remote:${remote.id}`, remote);
      expect(changes(told)).toMatch(/^unknown connecting online( offline online)+$/);
      expect(await toldOn(world.api, 'server', remote)).toEqual(told);
    },
    LIMIT_MS * 3,
  );

  // What follows is the same wherever the queue is kept.
  if (kind === 'external') return;

  it(
    'is degraded while a link that is not dead gives no answer',
    async () => {
      const remote = await tested('held');
      await reaches(world.api, remote, 'online');
      sshd.proxy.mode = 'hold';
      const degraded = await reaches(world.api, remote, 'degraded');
      expect(degraded.state.error).toMatchObject({ code: 'ssh/timeout' });
      sshd.proxy.mode = 'pass';
      await reaches(world.api, remote, 'online');
      const told = await toldOn(world.api, `remote:${remote.id}`, remote);
      expect(changes(told, null)).toMatch(
        /^unknown connecting\b.* online\b.* degraded\b.* online$/,
      );
    },
    LIMIT_MS * 3,
  );

  it(
    'is found out anew when the server is started, and not taken for what it was',
    async () => {
      const remote = await tested('restarted');
      sshd.proxy.mode = 'refuse';
      await world.server.restart();
      await reaches(world.api, remote, 'offline');
      sshd.proxy.mode = 'pass';
      await reaches(world.api, remote, 'online');
      const told = await toldOn(world.api, `remote:${remote.id}`, remote);
      expect(changes(told)).toMatch(
        /^unknown connecting online( offline online)* connecting( offline online)+$/,
      );
    },
    LIMIT_MS * 3,
  );

  it(
    'is found out anew when the key file has changed after a login was refused',
    async () => {
      const privateKeyPath = join(await world.stage(), 'key');
      await copyFile(join(sshd.dir, 'host_key'), privateKeyPath);
      await chmod(privateKeyPath, 0o600);
      const body = remoteBody(sshd, 'new key', { privateKeyPath });
      const remote = await world.api.post<Remote>('/remotes', body);
      const answer = await world.api.post(`/remotes/${remote.id}/test`);
      expect(answer).toMatchObject({ error: { code: 'ssh/auth-failed' } });
      const copies = setInterval(() => void copyFile(sshd.clientKeyPath, privateKeyPath), 1_000);
      try {
        await reaches(world.api, remote, 'online');
      } finally {
        clearInterval(copies);
      }
    },
    LIMIT_MS * 3,
  );

  it(
    'waits for a person after a login was refused, also over a restart, and never knocks again meanwhile',
    async () => {
      const stranger = remoteBody(sshd, 'stranger', {
        privateKeyPath: null,
        privateKey: await readFile(join(sshd.dir, 'host_key'), 'utf8'),
      });
      const remote = await world.api.post<Remote>('/remotes', stranger);
      const test = (): Promise<object> => world.api.post(`/remotes/${remote.id}/test`);
      expect(await test()).toMatchObject({ error: { code: 'ssh/auth-failed' } });
      await reaches(world.api, remote, 'auth-failed');
      await world.server.restart();
      expect((await world.api.get<Remote>(`/remotes/${remote.id}`)).state).toMatchObject({
        status: 'auth-failed',
        error: { code: 'ssh/auth-failed' },
      });
      await world.api.ok('PATCH', `/remotes/${remote.id}`, {
        privateKey: null,
        privateKeyPath: sshd.clientKeyPath,
      });
      expect(await test()).toMatchObject({ ok: true });
      const told = await toldOn(world.api, `remote:${remote.id}`, remote);
      expect(changes(told)).toMatch(
        /^unknown connecting auth-failed unknown connecting online( offline online)*$/,
      );
    },
    LIMIT_MS * 3,
  );
});

const pairSuite = sshdAvailable() ? describe : describe.skip;

pairSuite('the state of a remote that two processes use (needs sshd)', () => {
  let dir: string;
  let postgres: EmbeddedPostgres;
  let sshd: TestSshd;
  let one: TestServer;
  let two: TestServer;
  const sql = async (statement: string, params: unknown[]): Promise<void> => {
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    await client.query(statement, params);
    await client.end();
  };
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'maestro-postgres-'));
    postgres = await startEmbeddedPostgres({ dir, log: () => undefined, fsync: false });
    const store = { databaseUrl: postgres.url, redisUrl: null };
    const settings = { MAESTRO_SECRET_KEY: 'the same in both of them' };
    sshd = await startSshd();
    one = await startTestServer(store, settings);
    two = await startTestServer(store, settings);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([one.stop(), two.stop()]);
    await sshd.stop();
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  it(
    'is the best that one of them sees, and is taken over by the other when one is gone',
    async () => {
      const remote = await one.api.post<Remote>('/remotes', remoteBody(sshd, 'shared'));
      expect(await one.api.post(`/remotes/${remote.id}/test`)).toMatchObject({ ok: true });
      expect(await two.api.post(`/remotes/${remote.id}/test`)).toMatchObject({ ok: true });
      expect((await two.api.get<Remote>(`/remotes/${remote.id}`)).state.status).toBe('online');
      await one.restart();
      await reaches(two.api, remote, 'online');
      await two.restart();
      await reaches(one.api, remote, 'online');
      const told = await toldOn(one.api, `remote:${remote.id}`, remote);
      expect(changes(told)).toMatch(/^unknown connecting online\b.*\bonline$/);
      expect(told).not.toContain('offline');
    },
    LIMIT_MS * 3,
  );

  it(
    'is unknown, and the remote is left alone, when nobody has used it for a day',
    async () => {
      const remote = await one.api.post<Remote>('/remotes', remoteBody(sshd, 'forgotten'));
      const path = `/remotes/${remote.id}/test`;
      expect(await one.api.post(path)).toMatchObject({ ok: true });
      sshd.proxy.mode = 'refuse';
      sshd.cutConnections();
      await reaches(one.api, remote, 'offline');
      await sql(`UPDATE remotes SET used_at = now() - interval '25 hours' WHERE id = $1`, [
        remote.id,
      ]);
      await reaches(one.api, remote, 'unknown');
      // Whoever uses it finds out anew, and it is watched from then on.
      expect(await two.api.post(path)).toMatchObject({ ok: false });
      await reaches(two.api, remote, 'offline');
      sshd.proxy.mode = 'pass';
      await reaches(two.api, remote, 'online');
    },
    LIMIT_MS * 3,
  );
});
