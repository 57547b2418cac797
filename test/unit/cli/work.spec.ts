import { afterEach, describe, expect, it } from '@jest/globals';
import { aMessage, aRun, aSession } from './answers.js';
import { FakeServer, maestro, type Outcome } from './fake-server.js';

const servers: FakeServer[] = [];
const setup = async (): Promise<FakeServer> => {
  const server = await FakeServer.start();
  servers.push(server);
  return server.list('/sessions', [aSession()]);
};

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

const SESSION = '019a0000-0000-7000-8000-00000000000a';
const RUN = '019a0000-0000-7000-8000-0000000000c1';
const CHAT = '019a0000-0000-7000-8000-0000000000e1';

describe('run', () => {
  const run = async (
    ended: object,
    argv: string[] = [],
  ): Promise<Outcome & { server: FakeServer }> => {
    const server = await setup();
    let now = aRun();
    server
      .on('POST /runs', { status: 202, body: now })
      .on(`GET /runs/${RUN}`, () => ({ body: now }))
      .list('/playbooks', [
        { id: 'p1', name: 'release', documents: [], loop: false, sessionId: null },
      ]);
    const outcome = maestro(server, ['run', 'web', ...argv]);
    await server.followed(`run:${RUN}`);
    server.append(`run:${RUN}`, 'run.state', { state: 'running', pause: null, endReason: null });
    const task = { turnId: 't', document: 'a.md', text: 'Do it' };
    for (const state of ['running', 'running', 'done']) {
      server.append(`run:${RUN}`, 'run.task', { task: { ...task, state } });
    }
    now = aRun(ended);
    server.append(`run:${RUN}`, 'run.state', ended);
    return { ...(await outcome), server };
  };

  it('starts what was asked for, tells of progress on stderr and of the end on stdout', async () => {
    const progress = { documents: 1, document: 1, tasksDone: 2, tasksTotal: 2 };
    const argv = ['-d', 'a.md', '-d', 'b.md', '--reset', 'b.md', '--worktree', 'feat/x', '--loop'];
    const { server, ...outcome } = await run({ state: 'completed', progress }, argv);
    expect(outcome).toMatchObject({
      exitCode: 0,
      stdout: `${RUN} completed: 2 of 2 tasks done\n`,
      stderr: `Run ${RUN}\nrun is running\ntask running: Do it\ntask done: Do it\nrun is completed\n`,
    });
    expect(server.calls.find(({ path }) => path === '/runs')?.body).toEqual({
      sessionId: SESSION,
      documents: [
        { path: 'a.md', resetOnCompletion: false },
        { path: 'b.md', resetOnCompletion: true },
      ],
      worktree: { branch: 'feat/x' },
      loop: true,
    });
  });

  it('finds a playbook by its name', async () => {
    const { server } = await run({ state: 'completed' }, ['--playbook', 'release']);
    const { body } = server.calls.find(({ path }) => path === '/runs') ?? {};
    expect(body).toEqual({ sessionId: SESSION, playbookId: 'p1' });
  });

  it('ends with 8 when the run is paused, and says what can be done', async () => {
    const pause = { reason: 'human-gate', detail: 'Look at this first' };
    const outcome = await run({ state: 'paused', pause }, ['-d', 'a.md']);
    expect(outcome.exitCode).toBe(8);
    expect(outcome.stderr).toContain('The run is paused (human-gate: Look at this first)');
    expect(outcome.stderr).toContain(`maestro runs show ${RUN}`);
  });

  it.each([
    ['failed', 'turn-ceiling', 8],
    ['stopped', 'budget', 7],
  ])('ends a run that %s for %s with %i', async (state, endReason, exitCode) => {
    const outcome = await run({ state, endReason }, ['-d', 'a.md']);
    expect(outcome.exitCode).toBe(exitCode);
  });

  it('writes events and the run as NDJSON', async () => {
    const { stdout } = await run({ state: 'completed' }, ['-d', 'a.md', '--json']);
    const types = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types).toEqual([
      ...['run.state', 'run.task', 'run.task', 'run.task', 'run.state', 'result'],
    ]);
  });
});

describe('chat send', () => {
  const chat = (): object => ({
    ...{ id: CHAT, name: 'standup', state: 'idle', queued: 0 },
    participants: [{ sessionId: SESSION, name: 'web', handle: 'web' }],
  });
  const round = (endReason: string): object => ({
    ...{ id: 'r1', messageId: 'd1', number: 1, moderatorTurnId: null, endReason, turns: [] },
  });

  const ask = async (
    endReason: string,
    answers: object[],
    end: object = { state: 'idle', queued: 0 },
  ): Promise<Outcome> => {
    const server = await setup();
    const stream = `groupchat:${CHAT}`;
    server
      .list('/groupchats', [chat()])
      .on(`POST /groupchats/${CHAT}/messages`, {
        status: 202,
        body: aMessage({ id: 'd1', seq: 7 }),
      })
      .list(`/groupchats/${CHAT}/rounds`, [round(endReason)]);
    server.append(stream, 'groupchat.message', { message: aMessage({ id: 'd0', seq: 6 }) });
    const argv = ['chat', 'send', 'standup', 'What is new?', '--timeout', '2'];
    const outcome = maestro(server, argv);
    await server.followed(stream);
    const messages = [aMessage({ id: 'd1', seq: 7 }), ...answers];
    for (const message of messages) server.append(stream, 'groupchat.message', { message });
    server.append(stream, 'groupchat.state', { state: 'idle', queued: 1 });
    server.append(stream, 'groupchat.state', end);
    return outcome;
  };

  it('prints what the moderator says; what the participants say is progress', async () => {
    const outcome = await ask('answered', [
      aMessage({ id: 'd2', seq: 8, from: 'participant', name: 'web', text: 'Much' }),
      aMessage({ id: 'd3', seq: 9, from: 'moderator', name: 'Moderator', text: 'All is well' }),
    ]);
    expect(outcome).toEqual({
      ...{ exitCode: 0, stdout: 'Moderator: All is well\n\n', stderr: '@web: Much\n\n' },
    });
  });

  it.each([
    ['moderator-failed', 8],
    ['stopped', 8],
    ['cost-limit', 7],
  ])('ends a question that came to its end by %s with %i', async (endReason, exitCode) => {
    const said = aMessage({ id: 'd3', seq: 9, from: 'moderator', name: 'Moderator', text: 'Hm' });
    expect((await ask(endReason, [said])).exitCode).toBe(exitCode);
  });

  it('does not wait for the questions behind its own', async () => {
    const said = aMessage({ id: 'd3', seq: 9, from: 'moderator', name: 'Moderator', text: 'Hm' });
    const end = { state: 'moderator-thinking', queued: 1, messageId: 'd1', endReason: 'answered' };
    expect((await ask('answered', [said], end)).exitCode).toBe(0);
  });

  it('ends with 8 when the moderator said nothing', async () => {
    expect((await ask('answered', [])).exitCode).toBe(8);
  });
});

describe('events', () => {
  it('writes the events behind a cursor as NDJSON, of a session by its name', async () => {
    const server = await setup();
    for (const type of ['one', 'two', 'three']) server.append(`session:${SESSION}`, type);
    const { stdout, exitCode } = await maestro(server, ['events', 'session:web', '--after', '1']);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(exitCode).toBe(0);
    expect(lines).toMatchObject([
      { seq: 2, type: 'two' },
      { seq: 3, type: 'three' },
    ]);
  });

  it('follows until Ctrl-C, and then ends with 130', async () => {
    const server = await setup();
    const interrupt = new AbortController();
    server.append('server', 'one');
    const outcome = await maestro(server, ['events', 'server', '--follow'], {
      signal: interrupt.signal,
      onStdout: (text) => {
        if (text.endsWith('"data":{}}\n')) interrupt.abort();
      },
    });
    expect(outcome.exitCode).toBe(130);
    expect(outcome.stdout).toContain('"type":"one"');
  });
});

describe('worktrees', () => {
  it('are found by their branch, and deleted only when that is asked for', async () => {
    const server = await setup();
    const worktree = {
      ...{ id: 'w1', path: '/src/w', branch: 'feat/x', baseSha: 'a', sessionId: null },
      parentSessionId: SESSION,
    };
    server
      .list(`/sessions/${SESSION}/worktrees`, [worktree])
      .on('DELETE /worktrees/w1', { status: 204 });
    await maestro(server, ['worktrees', 'rm', 'feat/x']);
    await maestro(server, ['worktrees', 'rm', 'feat/x', '--delete', '--force']);
    const queries = server.calls
      .filter(({ method }) => method === 'DELETE')
      .map(({ query }) => query.toString());
    expect(queries).toEqual(['mode=forget', 'mode=delete&force=true']);
  });
});

describe('doctor', () => {
  it('is content with a server that is ready and a token that is valid', async () => {
    const server = (await setup()).on('GET /healthz', {}).on('GET /readyz', { body: {} });
    const outcome = await maestro(server, ['doctor', '--json']);
    expect(outcome.exitCode).toBe(0);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      ok: true,
      checks: [
        { name: 'server', verdict: 'fine' },
        { name: 'ready', verdict: 'fine' },
        { name: 'token', verdict: 'fine', detail: 'the one of MAESTRO_TOKEN is valid' },
        { name: 'node', verdict: 'fine' },
        ...[{ name: 'database' }, { name: 'git' }, { name: 'ssh' }],
      ],
    });
  });

  it('says with 6 that the token is not valid, and with 9 that there is no server', async () => {
    const server = (await setup())
      .on('GET /healthz', {})
      .on('GET /readyz', { body: {} })
      .on('GET /sessions', { status: 401, body: { code: 'access/unauthenticated', detail: 'No' } });
    expect((await maestro(server, ['doctor'])).exitCode).toBe(6);
    const gone = { url: server.url, token: server.token };
    await servers.pop()?.stop();
    expect((await maestro(gone, ['doctor'])).exitCode).toBe(9);
  });

  it('says with 1 that the server is not ready', async () => {
    const server = (await setup())
      .on('GET /healthz', {})
      .on('GET /readyz', { status: 503, body: { database: 'down' } });
    const outcome = await maestro(server, ['doctor']);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stdout).toContain('✗ ready      not ready: {"database":"down"}');
  });
});
