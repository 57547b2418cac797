import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type GroupChat,
  type Message,
  type Round,
} from '../../src/modules/groupchat/groupchat.answers.js';
import { type SeenTurn } from '../support/api.js';
import { Project } from '../support/project.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';

const suite = sshdAvailable() ? describe : describe.skip;
const why = sshdAvailable() ? '' : ' (this machine has no sshd)';

suite(`A group chat across machines${why}`, () => {
  let server: TestServer;
  let sshd: TestSshd;
  let near: Project;
  let far: Project;
  let remote: { id: string; name: string };
  beforeAll(async () => {
    sshd = await startSshd();
    server = await startTestServer({ databaseUrl: null, redisUrl: null });
    [near, far] = await Promise.all([Project.create(), Project.create()]);
    remote = await server.api.post('/remotes', {
      name: 'devbox',
      host: sshd.host,
      port: sshd.port,
      username: sshd.user,
      privateKeyPath: sshd.clientKeyPath,
    });
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await sshd.stop();
    await Promise.all([near.remove(), far.remove()]);
  });

  const setup = async (moderatorRemoteId: string | null, name: string) => {
    const { api } = server;
    const local = await api.post<{ id: string }>('/sessions', near.session(`Near ${name}`));
    const session = { ...far.session(`Far ${name}`), remoteId: remote.id };
    const distant = await api.post<{ id: string }>('/sessions', session);
    const chat = await api.post<GroupChat>('/groupchats', {
      name,
      moderator: {
        agent: 'demo',
        cwd: near.dir,
        remoteId: moderatorRemoteId,
        env: { MAESTRO_DEMO_PACE_MS: '0' },
      },
      participants: [local.id, distant.id],
    });
    const path = `/groupchats/${chat.id}`;
    return {
      chat,
      path,
      local: local.id,
      distant: distant.id,
      idle: () => api.until<GroupChat>(path, ({ state }) => state === 'idle', 60_000),
      messages: async () => (await api.get<{ items: Message[] }>(`${path}/messages`)).items,
      turns: async () =>
        (await api.get<{ items: Round[] }>(`${path}/rounds`)).items.flatMap((round) => round.turns),
    };
  };

  it.each(['local', 'remote'] as const)(
    'works with a %s moderator, each agent on its own host',
    async (where) => {
      const moderatorRemoteId = where === 'remote' ? remote.id : null;
      const { chat, path, idle, turns, messages, local, distant } = await setup(
        moderatorRemoteId,
        where,
      );
      expect(chat.moderator).toMatchObject({ remote: where === 'remote' });
      expect(chat.participants).toMatchObject([
        { sessionId: local, remote: false, hostName: null },
        { sessionId: distant, remote: true, hostName: 'devbox' },
      ]);
      await server.api.post(`${path}/messages`, { text: 'What do you see?' });
      await idle();
      expect((await messages()).filter(({ from }) => from === 'system')).toEqual([]);
      for (const { turnId, sessionId } of await turns()) {
        const turn = await server.api.get<SeenTurn>(`/turns/${turnId ?? ''}`);
        const onRemote = sessionId === distant || (where === 'remote' && sessionId !== local);
        expect(turn).toMatchObject({
          state: 'completed',
          host: { kind: onRemote ? 'ssh' : 'local', remoteId: onRemote ? remote.id : null },
        });
      }
    },
  );

  it('goes on when the links break in the middle of a round', async () => {
    const { path, idle, turns, messages } = await setup(null, 'broken');
    await server.api.post(`${path}/messages`, { text: 'Look\n%% sleep 2000' });
    await server.api.until<GroupChat>(path, ({ state }) => state === 'agents-working');
    sshd.cutConnections();
    await idle();
    expect((await messages()).filter(({ from }) => from === 'system')).toEqual([]);
    expect((await turns()).map(({ state }) => state)).not.toContain('failed');
  });

  it('asks nobody on a disabled remote, above all not locally, and goes on without it', async () => {
    const { path, idle, turns, messages, distant } = await setup(null, 'disabled');
    await server.api.ok('PATCH', `/remotes/${remote.id}`, { enabled: false });
    await server.api.post(`${path}/messages`, { text: 'What do you see?' });
    await idle();
    await server.api.ok('PATCH', `/remotes/${remote.id}`, { enabled: true });
    expect((await turns()).filter(({ sessionId }) => sessionId === distant)).toEqual([
      expect.objectContaining({
        state: 'failed',
        turnId: null,
        error: expect.objectContaining({ code: 'remotes/disabled' }),
      }),
    ]);
    const last = (await messages()).at(-1);
    expect(last).toMatchObject({ from: 'moderator' });
    expect(last?.text).toContain('[failed: ');
  });
});
