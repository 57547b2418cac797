import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Run, type RunTask } from '../../src/modules/autorun/index.js';
import { type Api } from '../support/api.js';
import { BuiltServer } from '../support/built-server.js';
import { Project } from '../support/project.js';
import { redisProgram } from '../support/redis.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';
import { startStore, type Store } from '../support/stores.js';
import { registerRemote } from './counting-agents.js';

const lacks = [redisProgram() === null && 'redis-server', !sshdAvailable() && 'sshd'].filter(
  Boolean,
);
const suite = lacks.length === 0 ? describe : describe.skip;
const why = lacks.length === 0 ? '' : ` (this machine has no ${lacks.join(' and no ')})`;

suite(`Redis is only a doorbell${why}`, () => {
  let store: Store;
  let server: BuiltServer;
  let sshd: TestSshd;
  let project: Project;
  let api: Api;
  let sessionId: string;

  beforeAll(async () => {
    store = await startStore('external');
    sshd = await startSshd();
    server = await BuiltServer.start({ store });
    api = server.api;
    project = await Project.create();
    const remoteId = await registerRemote(api, sshd, 'box');
    const env = {
      MAESTRO_DEMO_PACE_MS: '300',
      MAESTRO_DEMO_JOURNAL: join(dirname(project.dir), 'journal'),
    };
    const session = { ...project.session('far'), remoteId, env };
    ({ id: sessionId } = await api.post<{ id: string }>('/sessions', session));
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await sshd.stop();
    await store.stop();
    await project.remove();
  });

  const startRun = async (document: string): Promise<Run> => {
    await project.document(document, '- [ ] one\n- [ ] two\n- [ ] three\n');
    return api.post<Run>('/runs', { sessionId, documents: [{ path: document }] });
  };
  const tasksOf = async (run: Run): Promise<RunTask[]> =>
    (await api.get<{ items: RunTask[] }>(`/runs/${run.id}/tasks`)).items;
  const underWay = (run: Run, tasks: number): Promise<unknown> =>
    api.until<{ items: RunTask[] }>(
      `/runs/${run.id}/tasks`,
      ({ items }) => items.length === tasks && items.at(-1)?.state === 'running',
    );
  const expectDone = async (run: Run, startsBefore: number): Promise<RunTask[]> => {
    const ended = await api.until<Run>(
      `/runs/${run.id}`,
      ({ state }) => ['completed', 'failed', 'paused'].includes(state),
      60_000,
    );
    expect(ended).toMatchObject({ state: 'completed', endReason: 'done' });
    const tasks = await tasksOf(run);
    expect(tasks.map(({ text, success }) => [text, success])).toEqual([
      ['one', true],
      ['two', true],
      ['three', true],
    ]);
    const starts = (await project.starts()).slice(startsBefore);
    expect(starts.map(({ task }) => task)).toEqual(['one', 'two', 'three']);
    return tasks;
  };

  it('a run goes on when it is emptied again and again', async () => {
    const redis = store.redis?.connect();
    let flushes = 0;
    const over = new AbortController();
    const run = await startRun('a.md');
    const flushing = (async () => {
      while (!over.signal.aborted) {
        await redis?.flushall();
        flushes += 1;
        // As often as the API answers: between the steps of the run, whatever they are.
        await tasksOf(run);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    })();
    const tasks = await expectDone(run, 0);
    over.abort();
    await flushing;
    redis?.disconnect();
    const pausesMs = tasks
      .slice(1)
      .map(
        ({ startedAt }, index) =>
          Date.parse(startedAt ?? '') - Date.parse(tasks[index]?.finishedAt ?? ''),
      );
    console.log(`${flushes} times FLUSHALL; pauses between the tasks: ${pausesMs.join(', ')} ms`);
    expect(flushes).toBeGreaterThan(5);
    expect(Math.max(...pausesMs)).toBeLessThan(10_000);
  });

  it('a run goes on when it stops and comes back', async () => {
    const run = await startRun('b.md');
    await underWay(run, 1);
    const downAt = Date.now();
    await store.redis?.restart(() => {
      const isSaid = async (): Promise<boolean> => (await readiness(server)).status === 503;
      return untilTrue(isSaid);
    });
    console.log(`Redis was down for ${Date.now() - downAt} ms`);
    await expectDone(run, 3);
    expect((await readiness(server)).status).toBe(200);
  });
});

const readiness = (server: BuiltServer): Promise<Response> => fetch(`${server.url}/readyz`);

const untilTrue = async (holds: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('It did not come to it in 30 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
