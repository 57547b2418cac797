import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { claudeEnv, describeClaude } from '../support/agent-clis.js';
import { type Api } from '../support/api.js';
import { type ModelApi, startModelApi } from '../support/model-api.js';
import { scriptedModel } from '../support/scripted-model.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { startSshd, type TestSshd } from '../support/sshd.js';

const itWithProc = process.platform === 'linux' ? it : it.skip;
const whyProc = process.platform === 'linux' ? '' : ' (skipped: needs /proc)';

const LIMIT_MS = 50_000;
const ENDED = ['completed', 'failed', 'cancelled', 'lost'];

describeClaude('Turns of the real Claude Code', (program) => {
  let server: TestServer;
  let api: Api;
  let sshd: TestSshd;
  let model: ModelApi;
  let root: string;
  let project: string;
  const remoteIds: Record<'local' | 'remote', string | null> = { local: null, remote: null };

  beforeAll(async () => {
    sshd = await startSshd();
    server = await startTestServer({ databaseUrl: null, redisUrl: null });
    api = server.api;
    const remote = await api.post<{ id: string }>('/remotes', {
      ...{ name: 'builder', host: sshd.host, port: sshd.port, username: sshd.user },
      privateKeyPath: sshd.clientKeyPath,
    });
    remoteIds.remote = remote.id;
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await sshd.stop();
  });
  beforeEach(async () => {
    model = await startModelApi(scriptedModel);
    root = await mkdtemp(join(tmpdir(), 'maestro-claude-'));
    project = join(root, 'project');
    await mkdir(project);
  });
  afterEach(async () => {
    await model.close();
    await rm(root, { recursive: true, force: true });
  });

  const open = (where: 'local' | 'remote', account: object = {}): Promise<Session> =>
    api.post<Session>('/sessions', {
      ...{ name: `On ${where}`, agent: 'claude-code', command: program, cwd: project },
      ...{ remoteId: remoteIds[where], env: { ...claudeEnv(model.url, root), ...account } },
    });
  const send = ({ id }: Session, prompt: string, more: object = {}): Promise<Turn> =>
    api.post<Turn>(`/sessions/${id}/turns`, { prompt, ...more });
  const reach = ({ id }: Turn, ...states: string[]): Promise<Turn> =>
    api.until<Turn>(
      `/turns/${id}`,
      ({ state }) => states.includes(state) || ENDED.includes(state),
      LIMIT_MS,
    );
  const answerOf = async (session: Session, prompt: string, more: object = {}): Promise<Turn> =>
    reach(await send(session, prompt, more));

  interface Told {
    type: string;
    data: { turnId: string; text?: string; tool?: { name: string; phase: string } };
  }
  const toldOf = async ({ id }: Session): Promise<Told[]> =>
    (await api.get<{ items: Told[] }>(`/events?stream=session:${id}&limit=200`)).items;
  const untilTold = (
    { id }: Session,
    what: (told: Told, index: number, all: Told[]) => boolean,
  ): Promise<unknown> =>
    api.until<{ items: Told[] }>(
      `/events?stream=session:${id}&limit=200`,
      ({ items }) => items.some(what),
      LIMIT_MS,
    );

  it.each(['local', 'remote'] as const)(
    'answers on the %s host, and the next turn goes on with its conversation',
    async (where) => {
      const session = await open(where);
      const first = await answerOf(
        session,
        'Remember the number 4711.\n%% slow 4 5\n%% usage 700 20 300 50\n%% say „Noted" – 4711.',
      );
      expect(first).toMatchObject({
        ...{ state: 'completed', text: '„Noted" – 4711.', exitCode: 0, attempts: 1, error: null },
        host: { kind: where === 'local' ? 'local' : 'ssh', remoteId: remoteIds[where] },
        usage: {
          ...{ inputTokens: 700, outputTokens: 20, cacheReadTokens: 300, cacheWriteTokens: 50 },
          costUsd: expect.any(Number),
        },
      });
      const second = await answerOf(session, '%% report');
      expect(second).toMatchObject({
        ...{ state: 'completed', attempts: 1 },
        text: expect.stringMatching(/ answers-before=1$/),
        providerSessionId: first.providerSessionId,
      });
      expect(first.providerSessionId).not.toBeNull();
      const sent = JSON.stringify(model.requests.at(-1)?.messages);
      expect(sent).toContain('Remember the number 4711.');
      expect(await api.get(`/sessions/${session.id}`)).toMatchObject({
        ...{ state: 'idle', providerSessionId: first.providerSessionId },
        usage: { costUsd: sumOf([first, second].map(({ usage }) => usage?.costUsd)) },
      });
      const outputs = (await toldOf(session)).filter(
        ({ type, data }) => type === 'turn.output' && data.turnId === first.id,
      );
      expect(outputs.map(({ data }) => data.text).join('')).toBe(first.text);
    },
  );

  it('writes nothing in a read-only turn', async () => {
    const session = await open('remote');
    const script = [
      '%% bash echo x > by-bash.txt',
      `%% write ${join(project, 'by-write.txt')} :: x`,
    ];
    const turn = await answerOf(session, [...script, '%% say tried'].join('\n'), {
      readOnly: true,
    });
    expect(turn).toMatchObject({ state: 'completed', text: 'tried', readOnly: true });
    expect(await readdir(project)).toEqual([]);
    expect(await answerOf(session, [...script, '%% say done'].join('\n'))).toMatchObject({
      state: 'completed',
    });
    expect((await readdir(project)).sort()).toEqual(['by-bash.txt', 'by-write.txt']);
  });

  itWithProc.each(['local', 'remote'] as const)(
    `is cancelled in the middle of a command on the %s host, and leaves no process there${whyProc}`,
    async (where) => {
      const session = await open(where);
      const turn = await send(session, '%% bash sleep 60 & echo $$ > started; wait');
      await untilTold(session, ({ data }) => data.tool?.phase === 'started');
      const started = join(project, 'started');
      await untilIt(() => readFile(started, 'utf8').then((text) => text.endsWith('\n')));
      expect((await processesOf(turn)).length).toBeGreaterThan(1);
      expect(await api.post(`/turns/${turn.id}/cancel`)).toMatchObject({ state: 'stopping' });
      expect(await reach(turn)).toMatchObject({ state: 'cancelled', error: null });
      expect(await processesOf(turn)).toEqual([]);
      expect(await answerOf(session, '%% say back')).toMatchObject({
        ...{ state: 'completed', text: 'back' },
      });
    },
  );

  it('waits when the provider has had enough, and can be called off', async () => {
    const session = await open('local');
    const turn = await reach(await send(session, 'Please.\n%% err 429'), 'limited');
    expect(turn).toMatchObject({ state: 'limited', error: { code: 'agent/limit' } });
    expect(Date.parse(turn.resumesAt ?? '')).toBeGreaterThan(Date.now());
    expect(await api.get(`/sessions/${session.id}`)).toMatchObject({ state: 'limited' });
    await api.post(`/turns/${turn.id}/cancel`);
    expect(await reach(turn)).toMatchObject({ state: 'cancelled' });
  });

  it('goes on by itself when the limit of a subscription has reset', async () => {
    const account = { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-zzzz' };
    const session = await open('remote', account);
    const until = Math.ceil(Date.now() / 1_000) + 12;
    const sent = await send(session, `Please.\n%% limit ${until}\n%% say at last`);
    const limited = await reach(sent, 'limited');
    expect(limited).toMatchObject({
      ...{ state: 'limited', resumesAt: new Date(until * 1_000).toISOString() },
      error: { code: 'agent/limit', message: expect.stringContaining('resets') },
    });
    const turn = await reach(sent);
    expect(turn).toMatchObject({ state: 'completed', text: 'at last', error: null, attempts: 2 });
    expect(Date.parse(turn.startedAt ?? '')).toBeGreaterThanOrEqual(until * 1_000);
  });

  it('says on which host to sign in when the provider refuses the key, and how', async () => {
    const turn = await answerOf(await open('remote'), 'Please.\n%% err 401');
    expect(turn).toMatchObject({ state: 'failed', error: { code: 'agent/auth-failed' } });
    expect(turn.error?.hint).toMatch(/builder.*`claude auth login`/);
  });

  it.each(['local', 'remote'] as const)(
    'goes on through a restart of the server in the middle of an answer on the %s host',
    async (where) => {
      const session = await open(where);
      const words = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');
      const turn = await send(session, `%% slow 60 100\n%% say ${words}`);
      await untilTold(session, ({ type }) => type === 'turn.output');
      await server.restart();
      expect(await reach(turn)).toMatchObject({ state: 'completed', text: words, attempts: 1 });
      const outputs = (await toldOf(session)).filter(({ type }) => type === 'turn.output');
      expect(outputs.map(({ data }) => data.text).join('')).toBe(words);
      expect(await answerOf(session, '%% report')).toMatchObject({
        text: expect.stringMatching(/ answers-before=1$/),
      });
    },
  );
});

const sumOf = (numbers: (number | null | undefined)[]): unknown =>
  expect.closeTo(
    numbers.reduce<number>((sum, each) => sum + (each ?? 0), 0),
    6,
  );

/** Processes that carry the mark of a turn's run in their environment. */
const processesOf = async ({ id }: Turn): Promise<string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const marked = pids.map(async (pid) => {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    return environment.includes(`MAESTRO_RUN=${id}`) ? [pid] : [];
  });
  return (await Promise.all(marked)).flat();
};

const untilIt = async (is: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await is().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('It did not come to it');
    await new Promise((later) => setTimeout(later, 50));
  }
};
