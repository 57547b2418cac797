import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Remote } from '../../src/modules/remotes/index.js';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { sshdAvailable, type TestSshd } from '../support/sshd.js';
import { describeStores } from '../support/stores.js';
import { PLACES, remoteBody, SessionsWorld, WITHOUT_SSH } from './sessions.world.js';

describeStores(`turns that cannot run${WITHOUT_SSH}`, (kind) => {
  let world: SessionsWorld;
  beforeAll(async () => {
    world = await SessionsWorld.open(kind);
  }, 120_000);
  afterAll(() => world.close());

  it.each(PLACES)('say on %s what is missing', async (place) => {
    const stage = await world.stage();
    const run = async (fields: object): Promise<Turn> =>
      world.ended(await world.ask(await world.demo(place, stage, { ...fields }), 'hello'));
    const failed = (code: string): object => ({ state: 'failed', error: { code } });
    expect(await run({ cwd: '/no/such/place' })).toMatchObject(failed('host/cwd-missing'));
    expect(await run({ command: 'no-such-agent' })).toMatchObject(
      failed('agent/command-not-found'),
    );
    expect(await run({ command: '/no/such/agent' })).toMatchObject(
      failed('agent/binary-not-found'),
    );
    expect(await run({ agent: 'claude-code', command: 'no-such-agent' })).toMatchObject(
      failed('agent/command-not-found'),
    );
    expect(await world.demoStarts(stage)).toBe(0);
  });
});

const suite = sshdAvailable() ? describeStores : describeWithoutSshd;
function describeWithoutSshd(title: string, tests: (kind: 'embedded') => void): void {
  describe.skip(`${title} (this machine has no sshd)`, () => {
    tests('embedded');
  });
}

suite('work for a remote', (kind) => {
  let world: SessionsWorld;
  let sshd: TestSshd;
  let remote: Remote;
  beforeAll(async () => {
    world = await SessionsWorld.open(kind);
    sshd = world.sshd as TestSshd;
    remote = world.remote as Remote;
  }, 120_000);
  afterAll(() => world.close());
  afterEach(() => {
    sshd.proxy.mode = 'pass';
  });

  const enable = (enabled: boolean, id = remote.id): Promise<Remote> =>
    world.api.ok<Remote>('PATCH', `/remotes/${id}`, { enabled });

  it('is refused while the remote is disabled, and runs nowhere else', async () => {
    const stage = await world.stage();
    const session = await world.actor('ssh', stage);
    await enable(false);
    const answer = await world.api.call('POST', `/sessions/${session.id}/turns`, { prompt: 'x' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'remotes/disabled' } });
    expect(await world.api.get(`/sessions/${session.id}`)).toMatchObject({
      queued: 0,
      connection: { status: 'disabled' },
    });
    expect(await world.starts(stage)).toEqual([]);
    await enable(true);
    expect(await world.told(session, 'y')).toMatchObject({ head: 'y' });
    expect(await world.starts(stage)).toEqual(['y']);
  });

  it('that waits or runs when it is disabled goes on there when it is enabled again', async () => {
    const stage = await world.stage();
    const session = await world.actor('ssh', stage);
    const running = await world.ask(session, 'gate open');
    const waiting = await world.ask(session, 'then this');
    await world.reaches(running, 'running');
    await enable(false);
    await world.openGate(stage, 'open');
    // The next drive of another turn proves that the queue has been looked at meanwhile.
    const other = await world.actor('local', await world.stage());
    await world.told(other, 'something else');
    expect(await world.starts(stage)).toEqual(['gate open']);
    expect(await world.api.get(`/turns/${running.id}`)).toMatchObject({ state: 'running' });
    await enable(true);
    for (const turn of [running, waiting]) {
      expect(await world.ended(turn)).toMatchObject({
        state: 'completed',
        attempts: 1,
        host: { kind: 'ssh', remoteId: remote.id },
      });
    }
    expect(await world.starts(stage)).toEqual(['gate open', 'then this']);
  });

  it('is followed on when the settings of its remote are changed', async () => {
    const stage = await world.stage();
    const turn = await world.ask(await world.actor('ssh', stage), 'gate open');
    await world.reaches(turn, 'running');
    await world.api.ok('PATCH', `/remotes/${remote.id}`, { name: 'devbox renamed' });
    // Whoever comes next gets a new connection, and the old one is closed.
    await world.told(await world.actor('ssh', await world.stage()), 'next');
    await world.openGate(stage, 'open');
    expect(await world.ended(turn)).toMatchObject({ state: 'completed', attempts: 1 });
  });

  it('waits for a remote that is away, and says so', async () => {
    const stage = await world.stage();
    const session = await world.actor('ssh', stage);
    sshd.proxy.mode = 'refuse';
    sshd.cutConnections();
    const turn = await world.ask(session, 'patience');
    const away = await world.api.until<Session>(
      `/sessions/${session.id}`,
      ({ connection }) => connection?.status === 'offline',
    );
    expect(away.connection?.error).toMatchObject({ code: expect.stringMatching(/^ssh\//) });
    await world.reaches(turn, 'starting');
    sshd.proxy.mode = 'pass';
    expect(await world.ended(turn)).toMatchObject({ state: 'completed', attempts: 1 });
    expect(await world.starts(stage)).toEqual(['patience']);
    await world.api.until<Session>(
      `/sessions/${session.id}`,
      ({ connection }) => connection?.status === 'online',
    );
  });

  it('fails when the remote does not take the key, until it gets another one', async () => {
    const stage = await world.stage();
    const wrongKey = join(stage, 'host_key');
    await copyFile(join(sshd.dir, 'host_key'), wrongKey);
    const shut = await world.api.post<Remote>(
      '/remotes',
      remoteBody(sshd, 'shut', { privateKeyPath: wrongKey }),
    );
    const session = await world.actor('ssh', stage, { remoteId: shut.id });
    const turn = await world.ended(await world.ask(session, 'x'));
    expect(turn).toMatchObject({ state: 'failed', error: { code: 'ssh/auth-failed' } });
    expect(turn.error?.hint).toMatch(/./);
    await world.api.until<Remote>(
      `/remotes/${shut.id}`,
      ({ state }) => state.status === 'auth-failed',
    );
    await rm(wrongKey);
    await copyFile(sshd.clientKeyPath, wrongKey);
    await world.api.ok('PATCH', `/remotes/${shut.id}`, { privateKeyPath: wrongKey });
    expect(await world.told(session, 'y')).toMatchObject({ head: 'y' });
    expect(await world.starts(stage)).toEqual(['y']);
  });

  it('keeps the remote from being deleted', async () => {
    await world.actor('ssh', await world.stage());
    const answer = await world.api.call('DELETE', `/remotes/${remote.id}`);
    expect(answer).toMatchObject({ status: 409, body: { code: 'remotes/in-use' } });
    expect((await world.api.call('GET', `/remotes/${remote.id}`)).status).toBe(200);
  });
});

(sshdAvailable() ? describe : describe.skip)(
  `work for a remote whose row somebody has removed by hand${WITHOUT_SSH}`,
  () => {
    let world: SessionsWorld;
    beforeAll(async () => {
      world = await SessionsWorld.openWithSql();
      await world.sql('ALTER TABLE sessions DROP CONSTRAINT sessions_remote_id_fkey');
    }, 120_000);
    afterAll(() => world.close());

    it('fails or is refused, and never runs on this machine', async () => {
      const stage = await world.stage();
      const session = await world.actor('ssh', stage);
      const held = await world.ask(session, 'gate open');
      await world.reaches(held, 'running');
      const waiting = await world.ask(session, 'waiting');
      await world.sql('DELETE FROM remotes');
      await world.api.post(`/turns/${waiting.id}/cancel`);
      const refused = await world.api.call('POST', `/sessions/${session.id}/turns`, {
        prompt: 'refused',
      });
      expect(refused.body).toMatchObject({ code: 'remotes/not-found' });
      await world.openGate(stage, 'open');
      await world.ended(held);
      expect(await world.starts(stage)).toEqual(['gate open']);
    });

    it('fails when the session has become a local one meanwhile', async () => {
      const stage = await world.stage();
      const elsewhere = await world.api.post<Remote>(
        '/remotes',
        remoteBody(world.sshd as TestSshd, 'elsewhere'),
      );
      const session = await world.actor('ssh', stage, { remoteId: elsewhere.id });
      const first = await world.ask(session, 'gate open');
      await world.reaches(first, 'running');
      const second = await world.ask(session, 'where am I?');
      await world.sql('UPDATE sessions SET remote_id = NULL WHERE id = $1', [session.id]);
      await world.sql('DELETE FROM remotes WHERE id = $1', [elsewhere.id]);
      await world.openGate(stage, 'open');
      expect(await world.ended(second)).toMatchObject({
        state: 'failed',
        error: { code: 'remotes/not-found' },
        host: { kind: 'ssh', remoteId: elsewhere.id },
      });
      expect(await world.starts(stage)).toEqual(['gate open']);
    });
  },
);
