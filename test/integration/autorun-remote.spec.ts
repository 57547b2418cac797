import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Run } from '../../src/modules/autorun/index.js';
import { type Api } from '../support/api.js';
import { Project } from '../support/project.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';

const suite = (): void => {
  let server: TestServer;
  let api: Api;
  let sshd: TestSshd;
  let project: Project;
  let remoteId: string;
  let sessionId: string;

  beforeAll(async () => {
    server = await startTestServer({ databaseUrl: null, redisUrl: null });
    api = server.api;
    sshd = await startSshd();
    ({ id: remoteId } = await api.post<{ id: string }>('/remotes', {
      name: 'builder',
      host: sshd.host,
      port: sshd.port,
      username: sshd.user,
      privateKeyPath: sshd.clientKeyPath,
    }));
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await sshd.stop();
  });
  beforeEach(async () => {
    project = await Project.create();
    const session = { ...project.session('worker'), remoteId };
    ({ id: sessionId } = await api.post<{ id: string }>('/sessions', session));
  });
  afterEach(() => project.remove());

  const start = (request: object = {}): Promise<Run> =>
    api.post<Run>('/runs', { sessionId, documents: [{ path: 'a.md' }], ...request });
  const reach = (run: Run, ...states: string[]): Promise<Run> =>
    api.until<Run>(`/runs/${run.id}`, ({ state }) => states.includes(state), 50_000);

  it('works in a worktree there', async () => {
    await project.document('a.md', '- [ ] create `made.txt` with `1`\n- [ ] two\n');
    const run = await reach(await start({ worktree: { branch: 'x' } }), 'completed', 'paused');
    expect(run).toMatchObject({ state: 'completed', progress: { tasksDone: 2, tasksTotal: 2 } });
    const path = project.worktree('x');
    expect((await project.starts()).map(({ cwd }) => cwd)).toEqual([path, path]);
    expect(await api.get(`/turns/${(await tasksOf(run))[0]?.turnId ?? ''}`)).toMatchObject({
      host: { kind: 'ssh', remoteId },
    });
    const { worktreeId } = run;
    await api.ok('DELETE', `/worktrees/${worktreeId ?? ''}?mode=delete&force=true`);
    expect(await project.git('worktree', 'list')).not.toContain('[x]');
  });

  it('waits for a link that is cut, and does no task twice and none too few', async () => {
    await project.document('a.md', '- [ ] %% sleep 1500\n- [ ] two\n- [ ] three\n');
    const run = await start();
    await waitForStart();
    // The task ends and the document is read while nobody can be reached.
    sshd.proxy.mode = 'refuse';
    sshd.cutConnections();
    await project.until(async () => (await project.readDocument('a.md')).startsWith('- [x]'));
    expect(await api.get(`/runs/${run.id}`)).toMatchObject({ state: 'running' });
    sshd.proxy.mode = 'pass';
    expect(await reach(run, 'completed', 'paused', 'failed')).toMatchObject({ state: 'completed' });
    expect((await project.starts()).map(({ task }) => task)).toEqual([
      '%% sleep 1500',
      'two',
      'three',
    ]);
  });

  it('is refused while its remote is switched off, and never goes on elsewhere', async () => {
    const run = await reach(await start(), 'paused');
    expect(run.pause).toMatchObject({ reason: 'document-missing' });
    await project.document('a.md', '- [ ] a\n');
    await api.ok('PATCH', `/remotes/${remoteId}`, { enabled: false });
    await api.post(`/runs/${run.id}/resume`);
    const refused = await api.until<Run>(
      `/runs/${run.id}`,
      ({ state, pause }) => state === 'paused' && pause?.reason === 'refused',
    );
    expect(refused.pause?.failure).toMatchObject({ code: 'remotes/disabled' });
    expect(await project.starts()).toEqual([]);
    await api.ok('PATCH', `/remotes/${remoteId}`, { enabled: true });
    await api.post(`/runs/${run.id}/resume`);
    expect(await reach(run, 'completed', 'paused')).toMatchObject({ state: 'completed' });
  });

  const tasksOf = async (run: Run): Promise<{ turnId: string | null }[]> =>
    (await api.get<{ items: { turnId: string | null }[] }>(`/runs/${run.id}/tasks`)).items;
  const waitForStart = (): Promise<void> =>
    project.until(async () => (await project.starts()).length > 0);
};

if (sshdAvailable()) describe('a run on a remote', suite);
else describe.skip('a run on a remote (this machine has no sshd)', suite);
