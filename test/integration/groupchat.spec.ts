import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  type GroupChat,
  type Message,
  type Round,
} from '../../src/modules/groupchat/groupchat.answers.js';
import { type SeenTurn, turnEnded } from '../support/api.js';
import { Project } from '../support/project.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { describeStores, startStore, type Store } from '../support/stores.js';

describeStores('A group chat of demo agents', (kind) => {
  let store: Store;
  let server: TestServer;
  let front: Project;
  let back: Project;
  beforeAll(async () => {
    store = await startStore(kind);
    server = await startTestServer(store);
    [front, back] = await Promise.all([Project.create(), Project.create()]);
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await store.stop();
    await Promise.all([front.remove(), back.remove()]);
  });

  const setup = async (limits?: Partial<GroupChat['limits']>) => {
    const { api } = server;
    const tag = randomUUID().slice(0, 8);
    const a = await api.post<{ id: string }>('/sessions', front.session(`Front ${tag}`));
    const b = await api.post<{ id: string }>('/sessions', back.session(`Back (${tag})`));
    const chat = await api.post<GroupChat>('/groupchats', {
      name: 'Room',
      moderator: { agent: 'demo', cwd: front.dir, env: { MAESTRO_DEMO_PACE_MS: '0' } },
      participants: [a.id, b.id],
      ...(limits && { limits }),
    });
    const path = `/groupchats/${chat.id}`;
    return {
      path,
      chat,
      a: a.id,
      b: b.id,
      handles: [`Front-${tag}`, `Back-(${tag})`],
      say: (text: string, more: object = {}) =>
        api.post<Message>(`${path}/messages`, { text, ...more }),
      idle: () => api.until<GroupChat>(path, ({ state }) => state === 'idle', 60_000),
      messages: async () => (await api.get<{ items: Message[] }>(`${path}/messages`)).items,
      rounds: async () => (await api.get<{ items: Round[] }>(`${path}/rounds`)).items,
    };
  };

  it('answers a question in rounds', async () => {
    const { chat, path, say, idle, messages, rounds, handles, a, b } = await setup();
    expect(chat).toMatchObject({
      name: 'Room',
      state: 'idle',
      moderator: { name: 'Room moderator', agentLabel: 'demo', remote: false, hostName: null },
      participants: [
        { sessionId: a, handle: handles[0], remote: false, hostName: null, state: 'idle' },
        { sessionId: b, handle: handles[1], remote: false, hostName: null, state: 'idle' },
      ],
      queued: 0,
      archived: false,
    });
    await say('What is in your project?');
    await idle();
    expect((await messages()).map(({ from, sessionId }) => [from, sessionId])).toEqual(
      expect.arrayContaining([
        ['user', null],
        ['participant', a],
        ['participant', b],
      ]),
    );
    const transcript = await messages();
    expect(transcript.map(({ seq }) => seq)).toEqual(transcript.map((_, index) => index + 1));
    expect(transcript[0]).toMatchObject({
      from: 'user',
      text: 'What is in your project?',
      round: null,
    });
    expect(transcript[1]).toMatchObject({ from: 'moderator', round: 1, readOnly: true });
    const last = transcript.at(-1);
    expect(last).toMatchObject({ from: 'moderator', late: false });
    expect(last?.text).toContain('To sum up');
    for (const handle of handles) expect(last?.text).toContain(handle);
    const seen = await rounds();
    expect(seen.map(({ number, phase }) => [number, phase])).toEqual([
      [1, 'closed'],
      [2, 'closed'],
    ]);
    expect(seen[1]?.endReason).toBe('answered');
    const log = await server.api.get<{ items: { seq: number; type: string; data: unknown }[] }>(
      `/events?stream=groupchat:${chat.id}&after=0&limit=200`,
    );
    expect(log.items.map(({ seq }) => seq)).toEqual(log.items.map((_, index) => index + 1));
    const told = log.items.filter(({ type }) => type === 'groupchat.message');
    expect(told.map(({ data }) => data)).toEqual(transcript.map((message) => ({ message })));
    expect((await server.api.get<GroupChat>(path)).state).toBe('idle');
  });

  it('answers messages one after the other', async () => {
    const { say, idle, messages, rounds } = await setup();
    const [one, two] = [await say('One?'), await say('Two?')];
    await idle();
    const questions = new Set((await rounds()).map(({ messageId }) => messageId));
    expect([...questions]).toEqual([one.id, two.id]);
    expect((await messages()).filter(({ from }) => from === 'system')).toEqual([]);
  });

  it('says where a message is found, and makes it once for one key', async () => {
    const { path } = await setup();
    const key = { 'Idempotency-Key': randomUUID() };
    const post = () => server.api.call<Message>('POST', `${path}/messages`, { text: 'Once' }, key);
    const first = await post();
    expect(first.status).toBe(202);
    const location = first.headers.get('Location') ?? '';
    expect(location).toBe(`/api/v1${path}/messages/${first.body.id}`);
    expect(await server.api.get(location.replace('/api/v1', ''))).toEqual(first.body);
    const again = await post();
    expect([again.status, again.body.id]).toEqual([202, first.body.id]);
  });

  it('stops its agents with proof', async () => {
    const { path, say, rounds, messages } = await setup();
    await say('Go\n%% hang');
    await server.api.until<GroupChat>(path, ({ state }) => state === 'agents-working');
    const turns = (await rounds())[0]?.turns.filter(({ role }) => role === 'participant') ?? [];
    await Promise.all(
      turns.map(({ turnId }) =>
        server.api.until<SeenTurn>(`/turns/${turnId ?? ''}`, ({ state }) => state === 'running'),
      ),
    );
    await server.api.post(`${path}/stop`);
    await server.api.until<GroupChat>(path, ({ state }) => state === 'idle');
    for (const { turnId } of turns) {
      expect(await server.api.get(`/turns/${turnId ?? ''}`)).toMatchObject({ state: 'cancelled' });
    }
    expect((await rounds())[0]).toMatchObject({ endReason: 'stopped' });
    expect((await messages()).map(({ from }) => from)).toEqual(['user', 'moderator']);
  });

  it('goes on without a participant that takes too long, and kills its process', async () => {
    const { say, idle, rounds, messages, handles } = await setup({
      participantTimeoutMs: 3_000,
      maxRounds: 1,
    });
    await say('Go\n%% hang');
    await idle();
    const [round] = await rounds();
    const asked = round?.turns.filter(({ role }) => role === 'participant') ?? [];
    expect(asked.map(({ state }) => state)).toEqual(['timed-out', 'timed-out']);
    for (const { turnId } of asked) {
      expect(await turnEnded(server.api, turnId ?? '')).toMatchObject({
        state: 'failed',
        error: { code: 'agent/timeout' },
      });
    }
    expect(round?.endReason).toBe('round-limit');
    expect(
      (await messages()).filter(({ from }) => from === 'system').map(({ text }) => text),
    ).toEqual(
      expect.arrayContaining([`@${handles[0]} gave no answer within 3 s and was stopped.`]),
    );
  });

  it('goes on where it was when the server is restarted in the middle of a round', async () => {
    const { path, say, idle, messages, rounds } = await setup();
    await say('Go\n%% sleep 3000');
    await server.api.until<GroupChat>(path, ({ state }) => state === 'agents-working');
    await server.restart();
    await idle();
    expect((await messages()).filter(({ from }) => from === 'system')).toEqual([]);
    const turns = (await rounds()).flatMap((round) => round.turns);
    expect(turns.every(({ state }) => state === 'answered')).toBe(true);
    const ids = (await messages()).flatMap(({ turnId }) => turnId ?? []);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is exported as a file', async () => {
    const { chat, path, say, idle, messages, rounds } = await setup();
    await say('<b>Go</b>');
    await idle();
    const get = (format: string) =>
      fetch(`${server.api.url}/api/v1${path}/export?format=${format}`, {
        headers: { Authorization: `Bearer ${server.api.token}` },
      });
    const html = await get('html');
    expect(html.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(html.headers.get('Content-Disposition')).toContain(`groupchat-${chat.id}.html`);
    expect(await html.text()).toContain('&lt;b&gt;Go&lt;/b&gt;');
    expect(await (await get('markdown')).text()).toContain('# Room');
    expect(await (await get('json')).json()).toMatchObject({
      groupChat: { id: chat.id },
      messages: await messages(),
      rounds: await rounds(),
    });
    expect((await get('pdf')).status).toBe(422);
  });

  it('refuses what it cannot do, and says where the fault lies', async () => {
    const { api } = server;
    const { a, path, chat } = await setup();
    const moderator = { agent: 'demo' };
    const post = (body: object) => api.call('POST', '/groupchats', body);
    expect(await post({ name: 'x', moderator, color: 'red' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/color' }] },
    });
    expect(await post({ name: 'x', moderator, limits: { maxRounds: 0 } })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/limits/maxRounds' }] },
    });
    expect(await post({ name: 'x', moderator: { sessionId: randomUUID() } })).toMatchObject({
      status: 404,
      body: { code: 'sessions/not-found' },
    });
    expect(await post({ name: 'x', moderator: { sessionId: a }, participants: [a] })).toMatchObject(
      {
        status: 409,
        body: { code: 'groupchats/moderator-cannot-participate' },
      },
    );
    // Nothing is said of how it would be kept from writing.
    const custom = { prompt: 'stdin', output: { format: 'text' } };
    const writer = { agent: 'custom', command: '/bin/true', custom };
    for (const answer of [
      await post({ name: 'x', moderator: writer }),
      await api.call('PATCH', path, { moderator: writer }),
    ]) {
      expect(answer).toMatchObject({ status: 422, body: { code: 'agent/unsupported' } });
    }
    expect(await api.call('POST', `${path}/messages`, { text: '  ' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/text' }] },
    });
    expect(await api.call('GET', `/groupchats/${randomUUID()}`)).toMatchObject({
      status: 404,
      body: { code: 'groupchats/not-found' },
    });
    expect(await api.call('DELETE', `/sessions/${a}`)).toMatchObject({
      status: 409,
      body: { code: 'sessions/in-use' },
    });
    expect(await api.call('DELETE', `${path}/participants/${a}`)).toMatchObject({ status: 204 });
    expect(await api.call('DELETE', `${path}/participants/${a}`)).toMatchObject({
      status: 404,
      body: { code: 'groupchats/participant-not-found' },
    });
    const back = await api.call<GroupChat>('PUT', `${path}/participants/${a}`);
    expect(back.body.participants.map(({ sessionId }) => sessionId)).toContain(a);
    expect(await api.call('DELETE', path)).toMatchObject({ status: 204 });
    const { items } = await api.get<{ items: GroupChat[] }>('/groupchats?limit=200');
    expect(items.map(({ id }) => id)).not.toContain(chat.id);
  });
});
