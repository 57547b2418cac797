import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Run } from '../../src/modules/autorun/index.js';
import { type Api } from '../support/api.js';
import { Project } from '../support/project.js';
import { Runs } from '../support/runs.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { describeStores, startStore, type Store } from '../support/stores.js';

describeStores('a run', (kind) => {
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

  it('does every open task of its documents in order, each in a conversation of its own', async () => {
    await project.document('a.md', '- [x] old\n- [ ] create `one.txt` with `1`\n- [ ] two\n');
    await project.document('sub/b.md', '- [ ] append `x` to `one.txt`\n');
    const started = await runs.start({}, 'a.md', 'sub/b.md');
    expect(started).toMatchObject({ state: 'queued', loop: 1, sessionId });

    const run = await runs.reach(started, 'completed', 'failed', 'paused');
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

    const tasks = await runs.tasksOf(run);
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

    const events = await runs.eventsOf(run);
    const states = events
      .filter(({ type }) => type === 'run.state')
      .map(({ data }) => data['state']);
    expect(states).toEqual(['queued', 'running', 'completed']);
    expect(events.filter(({ type }) => type === 'run.task')).toHaveLength(6);
  });

  it('completes at once when there is nothing to do', async () => {
    await project.document('a.md', '# Nothing\n- [x] old\n```\n- [ ] example\n```\n');
    const run = await runs.reach(await runs.start({}, 'a.md'), 'completed', 'paused');
    expect(run).toMatchObject({ state: 'completed', endReason: 'no-tasks' });
    expect(await project.starts()).toEqual([]);
  });

  it('gives up a document in which nothing is ticked any more', async () => {
    await project.document('a.md', '- [ ] create `../outside` with `x`\n');
    await project.document('b.md', '- [ ] b\n');
    expect(await runs.reach(await runs.start({}, 'a.md'), 'failed')).toMatchObject({
      endReason: 'stalled',
    });
    expect(await project.starts()).toHaveLength(3);
    const run = await runs.reach(await runs.start({}, 'a.md', 'b.md'), 'completed');
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
    expect(await runs.reach(await runs.start({}, 'b.md'), 'stopped')).toMatchObject({
      endReason: 'halted: enough',
    });
    expect(await project.starts()).toHaveLength(1);
  });

  it('loops over copies of documents that are reset, and never touches the originals', async () => {
    const original = '- [x] a\n- [ ] b\n';
    await project.document('a.md', original);
    const run = await runs.reach(
      await runs.start({
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
    expect((await runs.tasksOf(run)).map(({ loop, text }) => [loop, text])).toEqual([
      [1, 'a'],
      [1, 'b'],
      [2, 'a'],
      [2, 'b'],
    ]);
  });

  it('only lists its tasks when it is dry', async () => {
    await project.document('a.md', '- [x] a\n- [ ] b\n');
    const run = await runs.start({ dryRun: true }, 'a.md');
    expect(run).toMatchObject({
      state: 'completed',
      endReason: 'dry-run',
      progress: { tasksDone: 1, tasksTotal: 2 },
    });
    expect(await runs.tasksOf(run)).toMatchObject([{ state: 'planned', text: 'b', line: 2 }]);
    expect(await project.starts()).toEqual([]);
  });

  it('works in a worktree of its own when it is asked to', async () => {
    await project.document('a.md', '- [ ] create `made.txt` with `1`\n');
    const run = await runs.reach(
      await runs.start({ worktree: { branch: 'feat/auto' } }, 'a.md'),
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
    const copied = (await runs.eventsOf(run)).find(({ type }) => type === 'run.document');
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
    const run = await runs.reach(await runs.start({ playbookId: id }), 'completed', 'paused');
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
    await runs.reach(answers[0].body, 'completed');
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
