import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import { type Session } from '../../src/modules/sessions/index.js';
import { describeStores } from '../support/stores.js';
import { SessionsWorld } from './sessions.world.js';

describeStores('sessions', (kind) => {
  let world: SessionsWorld;
  beforeAll(async () => {
    world = await SessionsWorld.open(kind);
  }, 120_000);
  afterAll(() => world.close());

  const wrong = async (method: 'POST' | 'PATCH', path: string, body: object): Promise<string[]> => {
    const answer = await world.api.call<{ code: string; errors?: { pointer: string }[] }>(
      method,
      path,
      body,
    );
    expect(answer.status).toBe(422);
    return (answer.body.errors ?? []).map(({ pointer }) => pointer);
  };

  it('are made, read, listed page by page, patched and deleted', async () => {
    const stage = await world.stage();
    const made: Session[] = [];
    for (const name of ['a', 'b', 'c']) made.push(await world.demo('local', stage, { name }));
    expect(made[0]).toMatchObject({
      agent: 'demo',
      agentLabel: 'demo',
      remoteId: null,
      target: { kind: 'local', remote: false, hostName: null },
      state: 'idle',
      connection: null,
      activeTurnId: null,
      queued: 0,
      providerSessionId: null,
      usage: { inputTokens: 0, outputTokens: 0, costUsd: null },
      args: [],
      model: null,
      limits: {},
    });
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { items: Session[]; nextCursor: string | null } = await world.api.get(
        `/sessions?limit=1${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(made.map(({ id }) => id));
    for (const { id } of made) {
      expect((await world.api.call('DELETE', `/sessions/${id}`)).status).toBe(204);
    }
    const gone = await world.api.call('GET', `/sessions/${made[0]?.id ?? ''}`);
    expect(gone).toMatchObject({ status: 404, body: { code: 'sessions/not-found' } });
  });

  it('merge a patch: null removes, what is not named stays', async () => {
    const session = await world.actor('local', await world.stage(), {
      limits: { silenceMs: 60_000 },
      env: { ACTOR_LINES: 'old', OTHER: 'stays' },
    });
    const path = `/sessions/${session.id}`;
    const patched = await world.api.ok<Session>('PATCH', path, {
      name: 'renamed',
      env: { ACTOR_LINES: 'new', OTHER: null, ADDED: 'x' },
      limits: { silenceMs: null, absoluteMs: 90_000 },
      args: ['--x'],
    });
    expect(patched).toMatchObject({
      name: 'renamed',
      args: ['--x'],
      limits: { absoluteMs: 90_000 },
      cwd: session.cwd,
    });
    expect(patched.limits).not.toHaveProperty('silenceMs');
    const names = Object.keys(session.env).filter((name) => name !== 'OTHER');
    expect(Object.keys(patched.env).sort()).toEqual([...names, 'ADDED'].sort());
    expect(await world.told(session, 'hello')).toMatchObject({ lines: 'new' });
  });

  it('go back to every default by null, and so does all that is patched', async () => {
    const cleared = async (path: string, made: object, defaults: object): Promise<void> => {
      const { id } = await world.api.post<{ id: string }>(path, made);
      const nulls = Object.fromEntries(Object.keys(defaults).map((name) => [name, null]));
      const patched = await world.api.call('PATCH', `${path}/${id}`, nulls);
      expect(patched).toMatchObject({ status: 200, body: defaults });
    };
    const session = { name: 'x', agent: 'demo', cwd: '/tmp' };
    await cleared(
      '/sessions',
      {
        ...{ ...session, env: { A: '1' }, args: ['--x'], limits: { retries: 1 }, model: 'm' },
        ...{ command: '/opt/demo', autoRunFolder: 'docs' },
      },
      {
        ...{ env: {}, args: [], limits: {}, model: null, effort: null, command: null },
        ...{ custom: null, autoRunFolder: null, remoteId: null, held: false },
      },
    );
    await cleared(
      '/remotes',
      {
        ...{ name: 'r', host: '127.0.0.1', port: 1, env: { A: '1' }, username: 'u' },
        ...{ enabled: false, useSshConfig: true, hostKeyPolicy: 'strict' },
      },
      {
        ...{ env: {}, port: null, username: null, privateKeyPath: null, workingDirectory: null },
        ...{ enabled: true, useSshConfig: false, hostKeyPolicy: 'accept-new' },
      },
    );
    await cleared(
      '/playbooks',
      { name: 'p', documents: [{ path: 'a.md' }], loop: true, maxLoops: 3, prompt: 'x' },
      { loop: false, maxLoops: null, prompt: null, worktree: null, sessionId: null },
    );
    const moderator = { agent: 'demo' };
    await cleared('/groupchats', { name: 'c', moderator }, { archived: false });
  });

  it('point at what is wrong with a body', async () => {
    const session = await world.demo('local', await world.stage());
    const path = `/sessions/${session.id}`;
    const body = { name: 'x', agent: 'demo', cwd: '/tmp' };
    expect(await wrong('POST', '/sessions', { ...body, remoteId: uuid() })).toEqual(['/remoteId']);
    expect(await wrong('POST', '/sessions', { ...body, agent: 'nobody' })).toEqual(['/agent']);
    expect(await wrong('POST', '/sessions', { ...body, cwd: 'relative' })).toEqual(['/cwd']);
    expect(await wrong('PATCH', path, { remoteId: uuid() })).toEqual(['/remoteId']);
    expect(await wrong('PATCH', path, { env: { 'not a name': 'x' } })).toEqual(['/env/not a name']);
    expect(await wrong('PATCH', path, { env: { NUL: 'a\0b' } })).toEqual(['/env/NUL']);
    expect(await wrong('PATCH', path, { limits: { silenceMs: 1 } })).toEqual(['/limits/silenceMs']);
    expect(await wrong('POST', `${path}/turns`, { prompt: '' })).toEqual(['/prompt']);
  });

  it('page through their history, newest first', async () => {
    const session = await world.actor('local', await world.stage());
    for (const prompt of ['one', 'two', 'three']) await world.told(session, prompt);
    const path = `/sessions/${session.id}/history?limit=2`;
    const first = await world.api.get<{ items: { response: string }[]; nextCursor: string }>(path);
    const second = await world.api.get<typeof first>(`${path}&cursor=${first.nextCursor}`);
    const heads = [...first.items, ...second.items].map(
      ({ response }) => (JSON.parse(response) as { head: string }).head,
    );
    expect(heads).toEqual(['three', 'two', 'one']);
    expect(second.nextCursor).toBeNull();
  });
});
