import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Worktree } from '../../src/modules/worktrees/index.js';
import { type Api, turnEnded } from '../support/api.js';
import { Project } from '../support/project.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { describeStores, startStore, type Store } from '../support/stores.js';

interface SeenSession {
  id: string;
  cwd: string;
  agent: string;
  parentSessionId: string | null;
}

describeStores('worktrees', (kind) => {
  let store: Store;
  let server: TestServer;
  let api: Api;
  let project: Project;
  let sessionId: string;
  let worktrees: string;

  beforeAll(async () => {
    store = await startStore(kind);
    server = await startTestServer(store);
    api = server.api;
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await store.stop();
  });
  beforeEach(async () => {
    project = await Project.create();
    ({ id: sessionId } = await api.post<{ id: string }>('/sessions', project.session('parent')));
    worktrees = `/sessions/${sessionId}/worktrees`;
  });
  afterEach(() => project.remove());

  const codeOf = async (
    method: 'POST' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<[number, unknown]> => {
    const answer = await api.call(method, path, body);
    return [answer.status, answer.body['code']];
  };

  it('are made beside the repository with a child session in them', async () => {
    const base = await project.git('rev-parse', 'HEAD');
    await project.write('later.txt', 'x');
    await project.commitAll('later');
    const made = await api.call<Worktree>('POST', worktrees, { branch: 'feat/x', base });
    expect(made).toMatchObject({
      status: 201,
      body: {
        branch: 'feat/x',
        baseSha: base,
        path: project.worktree('feat-x'),
        parentSessionId: sessionId,
        state: 'ready',
      },
    });
    const child = await api.get<SeenSession>(`/sessions/${made.body.sessionId ?? ''}`);
    expect(child).toMatchObject({
      cwd: project.worktree('feat-x'),
      agent: 'demo',
      parentSessionId: sessionId,
    });
    await expect(access(join(project.worktree('feat-x'), 'later.txt'))).rejects.toThrow();

    const { id: turnId } = await api.post<{ id: string }>(`/sessions/${child.id}/turns`, {
      prompt: '%% write note.txt :: from the child',
    });
    await turnEnded(api, turnId);
    const note = await readFile(join(project.worktree('feat-x'), 'note.txt'), 'utf8');
    expect(note).toBe('from the child\n');
    const { items } = await api.get<{ items: Worktree[] }>(worktrees);
    expect(items).toEqual([made.body]);
    const events = await api.get<{ items: { type: string; data: unknown }[] }>(
      `/events?stream=session:${sessionId}&after=0`,
    );
    expect(events.items.find(({ type }) => type === 'worktree.created')?.data).toEqual({
      worktree: made.body,
    });
  });

  it('of a session in a sub-directory have their child session there too', async () => {
    await project.write('pkg/a.txt', 'a');
    await project.commitAll('pkg');
    const inPackage = { ...project.session('pkg'), cwd: join(project.dir, 'pkg') };
    const { id } = await api.post<{ id: string }>('/sessions', inPackage);
    const made = await api.post<Worktree>(`/sessions/${id}/worktrees`, { branch: 'x' });
    expect(made.path).toBe(project.worktree('x'));
    const child = await api.get<SeenSession>(`/sessions/${made.sessionId ?? ''}`);
    expect(child.cwd).toBe(join(project.worktree('x'), 'pkg'));
  });

  it.each<[object, number, string]>([
    [{ branch: 'main' }, 409, 'worktrees/branch-exists'],
    [{ branch: 'a..b' }, 422, 'worktrees/branch-invalid'],
    [{ branch: '--force' }, 422, 'http/invalid'],
    [{ branch: 'x', base: 'nope' }, 422, 'worktrees/base-not-found'],
    [{ branch: 'x', directory: 'relative' }, 422, 'http/invalid'],
  ])('are refused for %j, and leave nothing behind', async (request, status, code) => {
    expect(await codeOf('POST', worktrees, request)).toEqual([status, code]);
    expect(await api.get(worktrees)).toMatchObject({ items: [] });
    expect(await project.git('branch', '--format=%(refname:short)')).toBe('main');
  });

  it('are never made in the repository, nor over something else', async () => {
    const inside = join(project.dir, 'wt');
    const code = 'worktrees/path-not-usable';
    expect(await codeOf('POST', worktrees, { branch: 'x', directory: inside })).toEqual([
      409,
      code,
    ]);
    await api.post(worktrees, { branch: 'y', directory: project.worktree('taken') });
    const into = { branch: 'z', directory: project.worktree('taken/deeper') };
    expect(await codeOf('POST', worktrees, into)).toEqual([409, code]);
  });

  it('are one for each branch of a session, which is kept while it has any', async () => {
    await api.post(worktrees, { branch: 'x' });
    expect(await codeOf('DELETE', `/sessions/${sessionId}`)).toEqual([409, 'sessions/in-use']);
    expect(await codeOf('POST', worktrees, { branch: 'x' })).toEqual([
      409,
      'worktrees/branch-exists',
    ]);
  });

  it('of a session outside of any repository are refused', async () => {
    const outside = { ...project.session('outside'), cwd: join(project.dir, '..') };
    const { id } = await api.post<{ id: string }>('/sessions', outside);
    expect(await codeOf('POST', `/sessions/${id}/worktrees`, { branch: 'x' })).toEqual([
      409,
      'worktrees/not-a-repository',
    ]);
  });

  it('are deleted by git, which is not forced to lose changes unless asked', async () => {
    const { id, path } = await api.post<Worktree>(worktrees, { branch: 'x' });
    await writeFile(join(path ?? '', 'mine.txt'), 'not committed');
    expect(await codeOf('DELETE', `/worktrees/${id}?mode=delete`)).toEqual([
      409,
      'worktrees/dirty',
    ]);
    await access(join(path ?? '', 'mine.txt'));
    expect(await codeOf('DELETE', `/worktrees/${id}?mode=delete&force=true`)).toEqual([
      204,
      undefined,
    ]);
    await expect(access(path ?? '')).rejects.toThrow();
    expect(await codeOf('DELETE', `/worktrees/${id}`)).toEqual([404, 'worktrees/not-found']);
    expect(await project.git('branch', '--list', 'x')).not.toBe('');
  });

  it('are left as they are when they are only forgotten', async () => {
    const { id, path } = await api.post<Worktree>(worktrees, { branch: 'x' });
    expect(await codeOf('DELETE', `/worktrees/${id}?mode=forget`)).toEqual([204, undefined]);
    await access(join(path ?? '', 'README.md'));
    expect(await api.get(worktrees)).toMatchObject({ items: [] });
  });

  it('are not removed under an agent that works in them', async () => {
    const { id, sessionId: child } = await api.post<Worktree>(worktrees, { branch: 'x' });
    const { id: turnId } = await api.post<{ id: string }>(`/sessions/${child ?? ''}/turns`, {
      prompt: '%% hang',
    });
    await api.until<{ state: string }>(`/turns/${turnId}`, ({ state }) => state === 'running');
    expect(await codeOf('DELETE', `/worktrees/${id}?mode=delete&force=true`)).toEqual([
      409,
      'worktrees/busy',
    ]);
    await api.post(`/turns/${turnId}/cancel`);
    await turnEnded(api, turnId);
    expect((await codeOf('DELETE', `/worktrees/${id}?mode=delete`))[0]).toBe(204);
  });

  it('are not removed under an agent that waits for its limit', async () => {
    const { id, sessionId: child } = await api.post<Worktree>(worktrees, { branch: 'x' });
    const { id: turnId } = await api.post<{ id: string }>(`/sessions/${child ?? ''}/turns`, {
      prompt: '%% fail 429',
    });
    await api.until<{ state: string }>(`/turns/${turnId}`, ({ state }) => state === 'limited');
    expect(await codeOf('DELETE', `/worktrees/${id}?mode=delete&force=true`)).toEqual([
      409,
      'worktrees/busy',
    ]);
    await api.post(`/turns/${turnId}/cancel`);
    await turnEnded(api, turnId);
    expect((await codeOf('DELETE', `/worktrees/${id}?mode=delete`))[0]).toBe(204);
  });

  it('are deleted from the books when someone else has removed them', async () => {
    const { id, path } = await api.post<Worktree>(worktrees, { branch: 'x' });
    await project.git('worktree', 'remove', '--force', path ?? '');
    expect((await codeOf('DELETE', `/worktrees/${id}?mode=delete`))[0]).toBe(204);
  });
});
