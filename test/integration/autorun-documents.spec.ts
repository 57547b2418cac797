import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Api } from '../support/api.js';
import { Project } from '../support/project.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { describeStores, startStore, type Store } from '../support/stores.js';

interface Entry {
  path: string;
  tasksDone: number | null;
  tasksTotal: number | null;
}

describeStores('documents and playbooks', (kind) => {
  let store: Store;
  let server: TestServer;
  let api: Api;
  let project: Project;
  let documents: string;

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
    const { id } = await api.post<{ id: string }>('/sessions', project.session('writer'));
    documents = `/sessions/${id}/documents`;
  });
  afterEach(() => project.remove());

  it('are listed with their task counts, hidden ones and others left out', async () => {
    await project.document('b.md', '- [x] a\n- [ ] b\n');
    await project.document('a dir/Ü $(x).MD', '- [ ] c\n```\n- [ ] no\n```\n');
    await project.document('.hidden/x.md', '- [ ] x\n');
    await project.document('.x.md', '- [ ] x\n');
    await project.document('notes.txt', '- [ ] x\n');
    const { items } = await api.get<{ items: Entry[] }>(documents);
    expect(items.map(({ path, tasksDone, tasksTotal }) => [path, tasksDone, tasksTotal])).toEqual([
      ['b.md', 1, 2],
      ['a dir/Ü $(x).MD', 0, 1],
    ]);
  });

  it('are none when the folder does not exist', async () => {
    expect(await api.get(documents)).toMatchObject({ items: [], truncated: false });
  });

  it('are written with the ETag they were read with, or not at all', async () => {
    const path = `${documents}/sub/a%20b.md`;
    const made = await api.call('PUT', path, { content: '- [ ] a\r\n' }, { 'If-None-Match': '*' });
    expect(made).toMatchObject({ status: 200, body: { path: 'sub/a b.md', tasksTotal: 1 } });
    const read = await api.call<{ content: string }>('GET', path);
    expect(read.body.content).toBe('- [ ] a\r\n');
    const etag = read.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[0-9a-f]{64}"$/);

    await project.document('sub/a b.md', '- [x] a\n');
    const stale = await api.call('PUT', path, { content: 'mine' }, { 'If-Match': etag });
    expect(stale).toMatchObject({ status: 412, body: { code: 'autorun/document-changed' } });
    const again = await api.call('PUT', path, { content: 'mine' }, { 'If-None-Match': '*' });
    expect(again.status).toBe(412);
    expect(await project.readDocument('sub/a b.md')).toBe('- [x] a\n');

    const fresh = (await api.call('GET', path)).headers.get('etag') ?? '';
    const written = await api.call('PUT', path, { content: 'mine' }, { 'If-Match': fresh });
    expect(written.status).toBe(200);
    expect(written.headers.get('etag')).not.toBe(fresh);
    expect(await project.readDocument('sub/a b.md')).toBe('mine');
  });

  it.each([
    'missing.md',
    'a.txt',
    '%2e%2e%2fREADME.md',
    'x%2f..%2f..%2fREADME.md',
    '%2fetc%2fx.md',
  ])('are not found at %s', async (path) => {
    expect((await api.call('GET', `${documents}/${path}`)).status).toBe(404);
  });

  it('are not reached through a link that leads out of the folder', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'maestro-outside-'));
    try {
      await writeFile(join(outside, 'secret.md'), '- [ ] secret\n');
      await project.document('in.md', '- [ ] in\n');
      const folder = join(project.dir, '.maestro/playbooks');
      await symlink(join(outside, 'secret.md'), join(folder, 'link.md'));
      await symlink(outside, join(folder, 'linked'));
      await mkdir(join(folder, 'loop'));
      await symlink(folder, join(folder, 'loop', 'again'));

      for (const path of ['link.md', 'linked/secret.md']) {
        const read = await api.call('GET', `${documents}/${path}`);
        expect([read.status, read.body['code']]).toEqual([403, 'autorun/outside-folder']);
      }
      const written = await api.call('PUT', `${documents}/linked/new.md`, { content: 'x' });
      expect(written.status).toBe(403);
      const { items } = await api.get<{ items: Entry[] }>(documents);
      expect(items).toMatchObject([
        { path: 'in.md', tasksTotal: 1 },
        { path: 'link.md', tasksTotal: null },
      ]);
    } finally {
      await rm(outside, { recursive: true, force: true });
    }
  });

  it('playbooks are saved, changed and deleted', async () => {
    const made = await api.call<{ id: string }>('POST', '/playbooks', {
      name: 'Nightly',
      documents: [{ path: 'a.md' }],
      worktree: { branch: 'nightly', pullRequest: true },
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        name: 'Nightly',
        documents: [{ path: 'a.md', resetOnCompletion: false }],
        loop: false,
        maxLoops: null,
        prompt: null,
        worktree: { branch: 'nightly', base: null, pullRequest: true },
        sessionId: null,
      },
    });
    const at = `/playbooks/${made.body.id}`;
    expect(made.headers.get('location')).toBe(`/api/v1${at}`);
    const patch = { loop: true, maxLoops: 3, worktree: { base: 'main' }, prompt: 'Be brief' };
    expect(await api.ok('PATCH', at, patch)).toMatchObject({
      loop: true,
      maxLoops: 3,
      worktree: { branch: 'nightly', base: 'main', pullRequest: true },
    });
    await api.ok('PATCH', at, { worktree: null, prompt: null });
    expect(await api.get(at)).toMatchObject({ worktree: null, prompt: null, maxLoops: 3 });
    expect((await api.call('PATCH', at, { documents: [] })).status).toBe(422);
    expect((await api.call('PATCH', at, { worktree: { base: 'main' } })).status).toBe(422);
    const { items } = await api.get<{ items: { id: string }[] }>('/playbooks?limit=200');
    expect(items.map(({ id }) => id)).toContain(made.body.id);
    expect((await api.call('DELETE', at)).status).toBe(204);
    expect(await api.call('GET', at)).toMatchObject({
      status: 404,
      body: { code: 'playbooks/not-found' },
    });
  });
});
