import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Run } from '../../src/modules/autorun/index.js';
import { type Api } from '../support/api.js';
import { Project } from '../support/project.js';
import { Runs } from '../support/runs.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { describeStores, startStore, type Store } from '../support/stores.js';

describeStores('control of a run', (kind) => {
  let store: Store;
  let server: TestServer;
  let api: Api;
  let project: Project;
  let sessionId: string;
  let runs: Runs;

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
    ({ id: sessionId } = await api.post<{ id: string }>('/sessions', project.session('worker')));
    runs = new Runs(api, sessionId);
  });
  afterEach(() => project.remove());

  it('waits for a missing document, and goes on when it is there', async () => {
    const run = await runs.reach(await runs.start({}, 'later.md'), 'paused');
    expect(run.pause).toMatchObject({
      reason: 'document-missing',
      failure: { code: 'autorun/document-missing' },
    });
    await project.document('later.md', '- [ ] a\n');
    await api.post(`/runs/${run.id}/resume`, { expectedState: 'paused' });
    expect(await runs.reach(run, 'completed')).toMatchObject({ endReason: 'done' });
  });

  it('does not follow its session to another place', async () => {
    const run = await runs.reach(await runs.start({}, 'later.md'), 'paused');
    await project.document('later.md', '- [ ] a\n');
    await api.call('PATCH', `/sessions/${sessionId}`, { cwd: `${project.dir}/..` });
    await api.post(`/runs/${run.id}/resume`);
    expect(await runs.reach(run, 'paused', 'completed')).toMatchObject({
      state: 'paused',
      pause: { failure: { code: 'runs/session-moved' } },
    });
    await api.call('PATCH', `/sessions/${sessionId}`, { cwd: project.dir });
    await api.post(`/runs/${run.id}/resume`);
    expect(await runs.reach(run, 'completed')).toMatchObject({ endReason: 'done' });
  });

  it('is refused in a directory with another run, however its path is spelled', async () => {
    const waiting = await runs.reach(await runs.start({}, 'later.md'), 'paused');
    const { id } = await api.post<{ id: string }>('/sessions', {
      ...project.session('beside'),
      cwd: `${project.dir}/./`,
    });
    const second = { sessionId: id, documents: [{ path: 'later.md' }] };
    expect(await api.call('POST', '/runs', second)).toMatchObject({
      status: 409,
      body: { code: 'runs/busy' },
    });
    await api.post(`/runs/${waiting.id}/abort`);
  });

  it('is refused when it shall open a pull request, which this server cannot yet', async () => {
    const refused = await api.call('POST', '/runs', {
      sessionId,
      documents: [{ path: 'a.md' }],
      worktree: { branch: 'x', pullRequest: true },
    });
    expect(refused).toMatchObject({
      status: 422,
      body: {
        code: 'runs/pull-request-unsupported',
        errors: [{ pointer: '/worktree/pullRequest' }],
      },
    });
  });

  it('leaves out a document that a person skips', async () => {
    await project.document('b.md', '- [ ] b\n');
    const run = await runs.reach(await runs.start({}, 'missing.md', 'b.md'), 'paused');
    await api.post(`/runs/${run.id}/skip`);
    expect(await runs.reach(run, 'completed')).toMatchObject({ endReason: 'incomplete' });
    expect(await project.readDocument('b.md')).toBe('- [x] b\n');
  });

  it('pauses when a turn fails, and does the task again only when it is told to', async () => {
    await project.document('a.md', '- [ ] %% fail\n');
    const run = await runs.reach(await runs.start({}, 'a.md'), 'paused');
    expect(run.pause).toMatchObject({ reason: 'turn-failed' });
    expect(await runs.tasksOf(run)).toMatchObject([{ state: 'failed', success: false }]);

    await project.document('a.md', '- [ ] mended\n');
    await api.post(`/runs/${run.id}/resume`);
    expect(await runs.reach(run, 'completed')).toMatchObject({ endReason: 'done' });
    expect((await runs.tasksOf(run)).map(({ success }) => success)).toEqual([false, true]);
  });

  it('ends when it is aborted, and then takes no more commands nor holds its session', async () => {
    await project.document('a.md', '- [ ] %% fail\n');
    const run = await runs.reach(await runs.start({}, 'a.md'), 'paused');
    const kept = await api.call('DELETE', `/sessions/${sessionId}`);
    expect([kept.status, kept.body['code']]).toEqual([409, 'sessions/in-use']);
    expect(await api.post(`/runs/${run.id}/abort`)).toMatchObject({
      state: 'stopped',
      endReason: 'aborted',
    });
    const late = await api.call('POST', `/runs/${run.id}/resume`, {});
    expect([late.status, late.body['code']]).toEqual([409, 'runs/conflict']);
    expect((await api.call('DELETE', `/sessions/${sessionId}`)).status).toBe(204);
    expect((await api.call('GET', `/runs/${run.id}`)).status).toBe(404);
  });

  it('waits at a human gate', async () => {
    await project.document(
      'a.md',
      '- [ ] a\n<!-- MAESTRO:HITL reason="look at it" -->\n- [ ] b\n- [ ] c\n',
    );
    const run = await runs.reach(await runs.start({}, 'a.md'), 'paused');
    expect(run.pause).toEqual({ reason: 'human-gate', detail: 'look at it' });
    expect(await project.starts()).toHaveLength(1);
    await api.post(`/runs/${run.id}/resume`);
    expect(await runs.reach(run, 'completed', 'paused')).toMatchObject({ state: 'completed' });
    expect(await project.starts()).toHaveLength(3);
  });

  it('is one at a time in a working tree; kill ends it with its agent', async () => {
    await project.document('a.md', '- [ ] %% hang\n');
    const run = await runs.reach(await runs.start({}, 'a.md'), 'running');
    const second = await api.call('POST', '/runs', { sessionId, documents: [{ path: 'a.md' }] });
    expect([second.status, second.body['code']]).toEqual([409, 'runs/busy']);

    const turnId = await runs.turnAtWork(run);
    const unexpected = await api.call('POST', `/runs/${run.id}/kill`, { expectedState: 'paused' });
    expect([unexpected.status, unexpected.body['code']]).toEqual([409, 'runs/conflict']);
    expect((await api.call('DELETE', `/sessions/${sessionId}`)).status).toBe(409);
    await api.post(`/runs/${run.id}/kill`);
    expect(await runs.reach(run, 'stopped')).toMatchObject({ endReason: 'killed', turnId: null });
    expect(await api.get(`/turns/${turnId}`)).toMatchObject({ state: 'cancelled' });
    expect(await runs.tasksOf(run)).toMatchObject([{ state: 'failed', success: false }]);
  });

  it('shows that its turn waits for a limit of the provider, and can be stopped then', async () => {
    await project.document('a.md', '- [ ] %% fail 429\n');
    const run = await runs.reach(await runs.start({}, 'a.md'), 'limited', 'paused');
    expect(run).toMatchObject({ state: 'limited', pause: null });
    await api.post(`/runs/${run.id}/stop`, { expectedState: 'limited' });
    expect(await runs.reach(run, 'stopped')).toMatchObject({ endReason: 'stopped' });
  });

  it('stops after the current task', async () => {
    await project.document('a.md', '- [ ] %% sleep 1500\n- [ ] never\n');
    const run = await runs.start({}, 'a.md');
    await runs.turnAtWork(run);
    expect(await api.post(`/runs/${run.id}/stop`)).toMatchObject({ state: 'stopping' });
    expect(await runs.reach(run, 'stopped')).toMatchObject({ endReason: 'stopped' });
    expect(await runs.tasksOf(run)).toMatchObject([{ state: 'done', success: true }]);
    expect(await project.readDocument('a.md')).toContain('- [ ] never');
  });

  it('goes on after a restart of the server, and starts no task twice', async () => {
    const texts = ['%% sleep 1000', 'two', '%% sleep 1000', 'four'];
    await project.document('a.md', texts.map((text) => `- [ ] ${text}\n`).join(''));
    const run = await runs.start({}, 'a.md');
    await api.until<Run>(`/runs/${run.id}`, (seen) => seen.turnId !== null);
    await server.restart();
    await api.until<Run>(`/runs/${run.id}`, ({ progress }) => progress.tasksDone >= 2);
    await server.restart();
    expect(await runs.reach(run, 'completed', 'paused', 'failed')).toMatchObject({
      state: 'completed',
    });
    expect((await project.starts()).map(({ task }) => task)).toEqual(texts);
  });
});
