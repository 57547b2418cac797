import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Run } from '../../src/modules/autorun/index.js';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { Project } from '../support/project.js';
import { describeStores } from '../support/stores.js';
import { PLACES, SessionsWorld } from './sessions.world.js';

interface Total {
  key: string | null;
  turns: number;
  inputTokens: number;
  outputTokens: number;
  costUsd: number | null;
  costIsEstimate: boolean;
}
interface Report {
  items: Total[];
  nextCursor: string | null;
  total: Total;
  prices: { source: string; version: string; date: string };
}

/** Has filled as many tokens of its context as it is told; of none it does not tell. */
const TELLS_CONTEXT = `#!/usr/bin/env node
const filled = Number(require('node:fs').readFileSync(0, 'utf8'));
const tell = (fact) => console.log(JSON.stringify({ ...fact, session_id: 's' }));
tell({ type: 'system', subtype: 'init', model: 'm' });
if (filled > 0) {
  const usage = { input_tokens: filled, output_tokens: 1 };
  const content = [{ type: 'text', text: 'Done' }];
  tell({ type: 'assistant', message: { id: '1', model: 'm', role: 'assistant', content, usage } });
}
const usage = { input_tokens: 1000, output_tokens: 5 };
const modelUsage = { m: { inputTokens: 1000, outputTokens: 5, contextWindow: 200000 } };
tell({ type: 'result', subtype: 'success', is_error: false, result: 'Done', usage, modelUsage, total_cost_usd: 0 });
`;

describeStores('what agents have used', (kind) => {
  let world: SessionsWorld;
  let project: Project;
  beforeAll(async () => {
    world = await SessionsWorld.open(kind);
    project = await Project.create();
  }, 120_000);
  afterAll(async () => {
    await world.close();
    await project.remove();
  });

  const report = (query: string): Promise<Report> => world.api.get<Report>(`/usage?${query}`);
  const sumOf = (turns: readonly Turn[]): object => ({
    turns: turns.length,
    inputTokens: turns.reduce((sum, { usage }) => sum + (usage?.inputTokens ?? 0), 0),
    outputTokens: turns.reduce((sum, { usage }) => sum + (usage?.outputTokens ?? 0), 0),
  });

  it.each(PLACES)(
    'is added up by session and by remote (%s), also of deleted ones',
    async (place) => {
      const session = await world.demo(place, await world.stage());
      const turns: Turn[] = [];
      for (const prompt of ['one', 'two, which is longer']) {
        turns.push(await world.ended(await world.ask(session, prompt)));
      }
      const told = { ...sumOf(turns), costIsEstimate: false, costUsd: expect.any(Number) };
      const bySession = `by=session&sessionId=${session.id}`;
      expect(await report(bySession)).toMatchObject({
        items: [{ key: session.id, ...told }],
        total: told,
        prices: { source: expect.any(String), date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) },
      });
      const remoteId = world.remoteIdAt(place);
      const byRemote = `by=remote&sessionId=${session.id}&remoteId=${remoteId ?? 'local'}`;
      expect((await report(byRemote)).items).toMatchObject([{ key: remoteId, ...told }]);
      const elsewhere = await report(`${bySession}&remoteId=${crypto.randomUUID()}`);
      expect(elsewhere).toMatchObject({ items: [], total: { turns: 0, costUsd: null } });
      await world.api.ok('DELETE', `/sessions/${session.id}`);
      expect((await report(bySession)).total).toMatchObject(told);
    },
  );

  it('is added up by the day, where it begins for who asks', async () => {
    const session = await world.demo('local', await world.stage());
    const { finishedAt } = await world.ended(await world.ask(session, 'when?'));
    const at = new Date(finishedAt ?? '');
    for (const timeZone of ['UTC', 'Pacific/Kiritimati', 'America/Los_Angeles']) {
      const day = new Intl.DateTimeFormat('en-CA', { timeZone }).format(at);
      const query = `sessionId=${session.id}&timeZone=${encodeURIComponent(timeZone)}`;
      expect((await report(query)).items).toMatchObject([{ key: day, turns: 1 }]);
    }
    const later = new Date(at.getTime() + 60_000).toISOString();
    expect((await report(`sessionId=${session.id}&from=${later}`)).total.turns).toBe(0);
    expect((await report(`sessionId=${session.id}&to=${later}`)).total.turns).toBe(1);
  });

  it('is told page by page, in one order, with the sum of all on each', async () => {
    const sessions = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => world.demo('local', await world.stage(), { name })),
    );
    const asked = await Promise.all(sessions.map((session) => world.ask(session, 'hello')));
    const ends = (await Promise.all(asked.map((turn) => world.ended(turn)))).map(
      ({ finishedAt }) => finishedAt ?? '',
    );
    const until = new Date(Date.parse(ends.toSorted().at(-1) ?? '') + 1).toISOString();
    for (const by of ['session', 'model', 'remote', 'day']) {
      const whole = await report(`by=${by}&to=${until}`);
      expect(whole.nextCursor).toBeNull();
      const items: Total[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const at: string = cursor && `&cursor=${cursor}`;
        const part = await report(`by=${by}&to=${until}&limit=1${at}`);
        expect(part.total).toEqual(whole.total);
        items.push(...part.items);
        cursor = part.nextCursor;
      }
      expect(items).toEqual(whole.items);
    }
    expect((await report(`by=session&to=${until}`)).items.length).toBeGreaterThanOrEqual(3);
  });

  it('of the last turn that told it is the size of the context of a session', async () => {
    const stage = await world.stage();
    const script = join(stage, 'agent');
    await writeFile(script, TELLS_CONTEXT);
    await chmod(script, 0o755);
    const session = await world.demo('local', stage, { command: script });
    const context = async (): Promise<object> => {
      const path = `/sessions/${session.id}`;
      const { usage } = await world.api.get<Session>(path);
      expect(await world.api.get(`${path}/usage`)).toEqual(usage);
      const { contextTokens, contextWindow, inputTokens } = usage;
      return { contextTokens, contextWindow, inputTokens };
    };
    const none = { contextTokens: null, contextWindow: null, inputTokens: 0 };
    expect(await context()).toEqual(none);
    await world.ended(await world.ask(session, '700'));
    await world.ended(await world.ask(session, '300'));
    const last = { contextTokens: 300, contextWindow: 200_000, inputTokens: 2_000 };
    expect(await context()).toEqual(last);
    expect(await world.ended(await world.ask(session, '0'))).toMatchObject({
      usage: { contextTokens: null },
    });
    expect(await context()).toEqual({ ...last, inputTokens: 3_000 });
  });

  it('is added up by the run of a playbook', async () => {
    const { id: sessionId } = await world.api.post<Session>('/sessions', project.session('worker'));
    await project.document('a.md', '- [ ] one\n- [ ] two\n');
    const order = { sessionId, documents: [{ path: 'a.md' }] };
    const { id } = await world.api.post<Run>('/runs', order);
    const over = ({ state }: Run): boolean => state === 'completed' || state === 'paused';
    const run = await world.api.until<Run>(`/runs/${id}`, over);
    const { items } = await report(`by=run&runId=${id}`);
    const { inputTokens, outputTokens } = run.usage;
    expect(items).toMatchObject([{ key: id, inputTokens, outputTokens }]);
    expect(items[0]?.turns).toBeGreaterThanOrEqual(2);
  });

  it('is added up by the group chat', async () => {
    const one = await world.demo('local', await world.stage(), { name: 'One' });
    const chat = await world.api.post<{ id: string }>('/groupchats', {
      name: 'Chat',
      moderator: { agent: 'demo', cwd: project.dir, env: { MAESTRO_DEMO_PACE_MS: '0' } },
      participants: [one.id],
    });
    await world.api.post(`/groupchats/${chat.id}/messages`, { text: 'What is here?' });
    const path = `/groupchats/${chat.id}`;
    await world.api.until<{ items: { from: string }[] }>(`${path}/messages`, ({ items }) =>
      items.some(({ from }) => from === 'participant'),
    );
    await world.api.until<{ state: string }>(path, ({ state }) => state === 'idle');
    const { items } = await report(`by=group-chat&groupChatId=${chat.id}`);
    expect(items).toMatchObject([{ key: chat.id }]);
    // The moderator delegates and answers, and the participant works in between.
    expect(items[0]?.turns).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ['by=planet', '?by'],
    ['from=yesterday', '?from'],
    ['timeZone=Middle/Earth', '?timeZone'],
    ['sessionId=7', '?sessionId'],
    ['remoteId=devbox', '?remoteId'],
    ['colour=red', '?colour'],
    ['from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z', '?to'],
    ['limit=201', '?limit'],
    ['cursor=x', '?cursor'],
  ])('is not told for %s', async (query, pointer) => {
    const { status, body } = await world.api.call<{ errors: { pointer: string }[] }>(
      'GET',
      `/usage?${query}`,
    );
    expect({ status, pointers: body.errors.map((each) => each.pointer) }).toEqual({
      status: 422,
      pointers: [pointer],
    });
  });
});
