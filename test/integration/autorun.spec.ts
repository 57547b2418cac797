import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Run, type RunTask } from '../../src/modules/autorun/index.js';
import { type Api } from '../support/api.js';
import { Project } from '../support/project.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { describeStores, startStore, type Store } from '../support/stores.js';

interface Page<T> {
  items: T[];
}

describeStores('a run', (kind) => {
  let store: Store;
  let server: TestServer;
  let api: Api;
  let project: Project;
  let sessionId: string;

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
  });
  afterEach(() => project.remove());

  const start = (request: object, ...paths: string[]): Promise<Run> =>
    api.post<Run>('/runs', {
      sessionId,
      ...(paths.length > 0 && { documents: paths.map((path) => ({ path })) }),
      ...request,
    });
  const reach = (run: Run, ...states: string[]): Promise<Run> =>
    api.until<Run>(`/runs/${run.id}`, ({ state }) => states.includes(state));
  const tasksOf = async (run: Run): Promise<RunTask[]> =>
    (await api.get<Page<RunTask>>(`/runs/${run.id}/tasks`)).items;
  const eventsOf = async (run: Run): Promise<{ type: string; data: Record<string, unknown> }[]> =>
    (await api.get<Page<never>>(`/events?stream=run:${run.id}&after=0&limit=200`)).items;

  it('does every open task of its documents in order, each in a conversation of its own', async () => {
    await project.document('a.md', '- [x] old\n- [ ] create `one.txt` with `1`\n- [ ] two\n');
    await project.document('sub/b.md', '- [ ] append `x` to `one.txt`\n');
    const started = await start({}, 'a.md', 'sub/b.md');
    expect(started).toMatchObject({ state: 'queued', loop: 1, sessionId });

    const run = await reach(started, 'completed', 'failed', 'paused');
    expect(run).toMatchObject({
      state: 'completed',
      endReason: 'done',
      pause: null,
      turnId: null,
      progress: { documents: 2, document: 2, tasksDone: 4, tasksTotal: 4 },
    });
    expect(run.usage.outputTokens).toBeGreaterThan(0);
    expect(await project.read('one.txt')).toBe('1\nx\n');
    expect(await project.readDocument('a.md')).not.toContain('[ ]');

    const tasks = await tasksOf(run);
    expect(tasks.map(({ document, line, text }) => [document, line, text])).toEqual([
      ['a.md', 2, 'create `one.txt` with `1`'],
      ['a.md', 3, 'two'],
      ['sub/b.md', 1, 'append `x` to `one.txt`'],
    ]);
    for (const task of tasks)
      expect(task).toMatchObject({ state: 'done', success: true, ticked: 1 });
    expect(tasks[1]?.summary).toBe('Did: two');
    const starts = await project.starts();
    expect(starts.map(({ task }) => task)).toEqual(tasks.map(({ text }) => text));
    expect(new Set(starts.map(({ turn }) => turn)).size).toBe(3);

    const events = await eventsOf(run);
    const states = events
      .filter(({ type }) => type === 'run.state')
      .map(({ data }) => data['state']);
    expect(states).toEqual(['queued', 'running', 'completed']);
    expect(events.filter(({ type }) => type === 'run.task')).toHaveLength(6);
  });

  it('completes at once when there is nothing to do', async () => {
    await project.document('a.md', '# Nothing\n- [x] old\n```\n- [ ] example\n```\n');
    const run = await reach(await start({}, 'a.md'), 'completed', 'paused');
    expect(run).toMatchObject({ state: 'completed', endReason: 'no-tasks' });
    expect(await project.starts()).toEqual([]);
  });

  it('waits for a missing document, and goes on when it is there', async () => {
    const run = await reach(await start({}, 'later.md'), 'paused');
    expect(run.pause).toMatchObject({
      reason: 'document-missing',
      failure: { code: 'autorun/document-missing' },
    });
    await project.document('later.md', '- [ ] a\n');
    await api.post(`/runs/${run.id}/resume`, { expectedState: 'paused' });
    expect(await reach(run, 'completed')).toMatchObject({ endReason: 'done' });
  });

  it('leaves out a document that a person skips', async () => {
    await project.document('b.md', '- [ ] b\n');
    const run = await reach(await start({}, 'missing.md', 'b.md'), 'paused');
    await api.post(`/runs/${run.id}/skip`);
    expect(await reach(run, 'completed')).toMatchObject({ endReason: 'incomplete' });
    expect(await project.readDocument('b.md')).toBe('- [x] b\n');
  });

  it('pauses when a turn fails, and does the task again only when it is told to', async () => {
    await project.document('a.md', '- [ ] %% fail\n');
    const run = await reach(await start({}, 'a.md'), 'paused');
    expect(run.pause).toMatchObject({ reason: 'turn-failed' });
    expect(await tasksOf(run)).toMatchObject([{ state: 'failed', success: false }]);

    await project.document('a.md', '- [ ] mended\n');
    await api.post(`/runs/${run.id}/resume`);
    expect(await reach(run, 'completed')).toMatchObject({ endReason: 'done' });
    expect((await tasksOf(run)).map(({ success }) => success)).toEqual([false, true]);
  });

  it('ends when it is aborted, and then takes no more commands', async () => {
    await project.document('a.md', '- [ ] %% fail\n');
    const run = await reach(await start({}, 'a.md'), 'paused');
    expect(await api.post(`/runs/${run.id}/abort`)).toMatchObject({
      state: 'stopped',
      endReason: 'aborted',
    });
    const late = await api.call('POST', `/runs/${run.id}/resume`, {});
    expect([late.status, late.body['code']]).toEqual([409, 'runs/conflict']);
  });

  it('gives up a document in which nothing is ticked any more', async () => {
    await project.document('a.md', '- [ ] create `../outside` with `x`\n');
    await project.document('b.md', '- [ ] b\n');
    expect(await reach(await start({}, 'a.md'), 'failed')).toMatchObject({ endReason: 'stalled' });
    expect(await project.starts()).toHaveLength(3);
    const run = await reach(await start({}, 'a.md', 'b.md'), 'completed');
    expect(run).toMatchObject({ endReason: 'incomplete' });
    expect(await project.readDocument('b.md')).toBe('- [x] b\n');
  });

  it('is refused while a halt marker is left, and stopped by one that the agent writes', async () => {
    await project.document('a.md', '# A\n<!-- maestro:halt: old -->\n- [ ] a\n');
    const refused = await api.call('POST', '/runs', { sessionId, documents: [{ path: 'a.md' }] });
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'runs/halt-marker-present', detail: 'a.md has a halt marker in line 2: old' },
    });
    const folder = '.maestro/playbooks';
    await project.document(
      'b.md',
      `- [ ] append \`<!-- maestro:halt: enough -->\` to \`${folder}/b.md\`\n- [ ] never\n`,
    );
    expect(await reach(await start({}, 'b.md'), 'stopped')).toMatchObject({
      endReason: 'halted: enough',
    });
    expect(await project.starts()).toHaveLength(1);
  });

  it('waits at a human gate', async () => {
    await project.document(
      'a.md',
      '- [ ] a\n<!-- MAESTRO:HITL reason="look at it" -->\n- [ ] b\n- [ ] c\n',
    );
    const run = await reach(await start({}, 'a.md'), 'paused');
    expect(run.pause).toEqual({ reason: 'human-gate', detail: 'look at it' });
    expect(await project.starts()).toHaveLength(1);
    await api.post(`/runs/${run.id}/resume`);
    expect(await reach(run, 'completed', 'paused')).toMatchObject({ state: 'completed' });
    expect(await project.starts()).toHaveLength(3);
  });

  it('loops over copies of documents that are reset, and never touches the originals', async () => {
    const original = '- [x] a\n- [ ] b\n';
    await project.document('a.md', original);
    const run = await reach(
      await start({
        documents: [{ path: 'a.md', resetOnCompletion: true }],
        loop: true,
        maxLoops: 2,
        prompt: 'Pass {{LOOP_NUMBER}}',
      }),
      'completed',
      'paused',
    );
    expect(run).toMatchObject({ state: 'completed', endReason: 'max-loops', loop: 2 });
    expect(await project.readDocument('a.md')).toBe(original);
    expect(await project.readDocument(`runs/${run.id}/a.md`)).toBe('- [x] a\n- [x] b\n');
    expect(await project.readDocument(`runs/${run.id}/loop-2/a.md`)).toBe('- [x] a\n- [x] b\n');
    expect((await tasksOf(run)).map(({ loop, text }) => [loop, text])).toEqual([
      [1, 'a'],
      [1, 'b'],
      [2, 'a'],
      [2, 'b'],
    ]);
  });

  it('only lists its tasks when it is dry', async () => {
    await project.document('a.md', '- [x] a\n- [ ] b\n');
    const run = await start({ dryRun: true }, 'a.md');
    expect(run).toMatchObject({
      state: 'completed',
      endReason: 'dry-run',
      progress: { tasksDone: 1, tasksTotal: 2 },
    });
    expect(await tasksOf(run)).toMatchObject([{ state: 'planned', text: 'b', line: 2 }]);
    expect(await project.starts()).toEqual([]);
  });

  it('is one at a time in a working tree; kill ends it with its agent', async () => {
    await project.document('a.md', '- [ ] %% hang\n');
    const run = await reach(await start({}, 'a.md'), 'running');
    const second = await api.call('POST', '/runs', { sessionId, documents: [{ path: 'a.md' }] });
    expect([second.status, second.body['code']]).toEqual([409, 'runs/busy']);

    const { turnId } = await api.until<Run>(`/runs/${run.id}`, (seen) => seen.turnId !== null);
    await api.until<{ state: string }>(
      `/turns/${turnId ?? ''}`,
      ({ state }) => state === 'running',
    );
    const unexpected = await api.call('POST', `/runs/${run.id}/kill`, { expectedState: 'paused' });
    expect([unexpected.status, unexpected.body['code']]).toEqual([409, 'runs/conflict']);
    expect((await api.call('DELETE', `/sessions/${sessionId}`)).status).toBe(409);
    await api.post(`/runs/${run.id}/kill`);
    expect(await reach(run, 'stopped')).toMatchObject({ endReason: 'killed', turnId: null });
    expect(await api.get(`/turns/${turnId ?? ''}`)).toMatchObject({ state: 'cancelled' });
    expect(await tasksOf(run)).toMatchObject([{ state: 'failed', success: false }]);
  });

  it('stops after the current task', async () => {
    await project.document('a.md', '- [ ] %% sleep 1500\n- [ ] never\n');
    const run = await start({}, 'a.md');
    await api.until<Run>(`/runs/${run.id}`, (seen) => seen.turnId !== null);
    const { turnId } = await api.get<Run>(`/runs/${run.id}`);
    await api.until<{ state: string }>(
      `/turns/${turnId ?? ''}`,
      ({ state }) => state === 'running',
    );
    expect(await api.post(`/runs/${run.id}/stop`)).toMatchObject({ state: 'stopping' });
    expect(await reach(run, 'stopped')).toMatchObject({ endReason: 'stopped' });
    expect(await tasksOf(run)).toMatchObject([{ state: 'done', success: true }]);
    expect(await project.readDocument('a.md')).toContain('- [ ] never');
  });

  it('goes on after a restart of the server, and starts no task twice', async () => {
    const texts = ['%% sleep 1000', 'two', '%% sleep 1000', 'four'];
    await project.document('a.md', texts.map((text) => `- [ ] ${text}\n`).join(''));
    const run = await start({}, 'a.md');
    await api.until<Run>(`/runs/${run.id}`, (seen) => seen.turnId !== null);
    await server.restart();
    await api.until<Run>(`/runs/${run.id}`, ({ progress }) => progress.tasksDone >= 2);
    await server.restart();
    expect(await reach(run, 'completed', 'paused', 'failed')).toMatchObject({ state: 'completed' });
    expect((await project.starts()).map(({ task }) => task)).toEqual(texts);
  });

  it('works in a worktree of its own when it is asked to', async () => {
    await project.document('a.md', '- [ ] create `made.txt` with `1`\n');
    const run = await reach(
      await start({ worktree: { branch: 'feat/auto' } }, 'a.md'),
      'completed',
      'paused',
      'failed',
    );
    expect(run).toMatchObject({ state: 'completed', endReason: 'done', sessionId });
    expect(run.workSessionId).not.toBe(sessionId);
    const path = project.worktree('feat-auto');
    expect(await readFile(join(path, 'made.txt'), 'utf8')).toBe('1\n');
    expect(await readFile(join(path, '.maestro/playbooks/a.md'), 'utf8')).toContain('- [x]');
    expect(await project.readDocument('a.md')).toContain('- [ ]');
    const copied = (await eventsOf(run)).find(({ type }) => type === 'run.document');
    expect(copied?.data).toMatchObject({ document: 'a.md', what: 'copied' });
    expect(await api.get(`/worktrees/${run.worktreeId ?? ''}`)).toMatchObject({
      branch: 'feat/auto',
      path,
      sessionId: run.workSessionId,
      parentSessionId: sessionId,
    });
  });

  it('takes its documents and options from a playbook', async () => {
    await project.document('a.md', '- [ ] a\n');
    const { id } = await api.post<{ id: string }>('/playbooks', {
      name: 'Mine',
      documents: [{ path: 'a.md', resetOnCompletion: true }],
    });
    const run = await reach(await start({ playbookId: id }), 'completed', 'paused');
    expect(run).toMatchObject({ state: 'completed', playbookId: id });
    expect(await project.readDocument('a.md')).toBe('- [ ] a\n');
    await api.call('DELETE', `/playbooks/${id}`);
    expect(await api.get(`/runs/${run.id}`)).toMatchObject({ playbookId: null });
  });

  it('is started once for one Idempotency-Key', async () => {
    await project.document('a.md', '- [ ] a\n');
    const request = { sessionId, documents: [{ path: 'a.md' }] };
    const ask = (): Promise<{ status: number; body: Run; headers: Headers }> =>
      api.call<Run>('POST', '/runs', request, { 'Idempotency-Key': `key-${sessionId}` });
    const answers = await Promise.all([ask(), ask()]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(answers[0].body.id).toBe(answers[1].body.id);
    expect(answers[0].headers.get('location')).toBe(`/api/v1/runs/${answers[0].body.id}`);
    await reach(answers[0].body, 'completed');
    expect(await project.starts()).toHaveLength(1);
  });

  it.each([
    [{}, '/documents'],
    [{ documents: [] }, '/documents'],
    [{ documents: [{ path: '../a.md' }] }, '/documents/0/path'],
    [{ documents: [{ path: 'a.md' }], maxLoops: 0 }, '/maxLoops'],
    [{ documents: [{ path: 'a.md' }], more: 1 }, '/more'],
  ])('is refused for %j', async (request, pointer) => {
    const refused = await api.call('POST', '/runs', { sessionId, ...request });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  });
});
