import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Session } from '../../src/modules/sessions/index.js';
import { describeStores } from '../support/stores.js';
import { PLACES, SessionsWorld, WITHOUT_SSH } from './sessions.world.js';

describeStores(`turns${WITHOUT_SSH}`, (kind) => {
  let world: SessionsWorld;
  beforeAll(async () => {
    world = await SessionsWorld.open(kind);
  }, 120_000);
  afterAll(() => world.close());

  describe.each(PLACES)('on %s', (place) => {
    it('tell all that becomes of them, once and in order', async () => {
      const session = await world.demo(place, await world.stage());
      const asked = await world.api.call('POST', `/sessions/${session.id}/turns`, {
        prompt: '%% spam 300',
      });
      expect(asked.status).toBe(202);
      expect(asked.headers.get('location')).toBe(`/api/v1/turns/${String(asked.body['id'])}`);
      expect(asked.body).toMatchObject({ state: 'queued', attempts: 0, host: { hostname: null } });

      const turn = await world.ended(asked.body as never);
      expect(turn).toMatchObject({
        state: 'completed',
        exitCode: 0,
        signal: null,
        error: null,
        attempts: 1,
        host: { kind: place, remoteId: world.remoteIdAt(place) },
      });
      expect(turn.host.hostname).toMatch(/./);
      expect(turn.text?.split('\n').slice(0, 300)).toHaveLength(300);

      const events = await world.events(`session:${session.id}`);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, index) => index + 1));
      const types = events.map(({ type }) => type).filter((type) => type.startsWith('turn.'));
      const outputs = types.filter((type) => type === 'turn.output');
      expect(outputs.length).toBeGreaterThan(0);
      expect(types).toEqual(['turn.queued', 'turn.started', ...outputs, 'turn.completed']);
      const said = events.filter(({ type }) => type === 'turn.output').map(({ data }) => data.text);
      expect(said.join('')).toBe(turn.text);
      const states = events.filter(({ type }) => type === 'session.updated');
      expect(states.map(({ data }) => data.state)).toEqual(['idle', 'idle', 'busy', 'idle']);
      expect(JSON.stringify(events)).not.toContain('%% spam');

      const after = await world.api.get<Session>(`/sessions/${session.id}`);
      expect(after).toMatchObject({
        state: 'idle',
        activeTurnId: null,
        providerSessionId: turn.providerSessionId,
      });
      expect(after.providerSessionId).toMatch(/./);
      const { inputTokens, outputTokens, costUsd } = turn.usage ?? {};
      expect(outputTokens).toBeGreaterThan(0);
      expect(after.usage).toMatchObject({ inputTokens, outputTokens, costUsd });
      const history = await world.api.get<{ items: object[] }>(`/sessions/${session.id}/history`);
      expect(history.items).toEqual([
        expect.objectContaining({
          type: 'USER',
          turnId: turn.id,
          success: true,
          response: turn.text,
          usage: turn.usage,
        }),
      ]);
    });

    it('go on with the conversation, unless asked to start afresh', async () => {
      const session = await world.demo(place, await world.stage());
      const first = await world.ended(await world.ask(session, 'one'));
      const second = await world.ended(await world.ask(session, 'two'));
      expect(second.providerSessionId).toBe(first.providerSessionId);
      expect(second.text).toContain('message 2 of our talk');
      const fresh = await world.ended(await world.ask(session, 'three', { fresh: true }));
      expect(fresh.text).toContain('message 1 of our talk');
      expect(fresh.providerSessionId).not.toBe(first.providerSessionId);
    });

    it('hand the agent its arguments, environment and mode, and tell nobody its secrets', async () => {
      const stage = await world.stage();
      const lines = `it's "quoted" $HOME \`x\`\n\\second line\n`;
      const session = await world.actor(place, stage, {
        args: ['--flag', 'two words; $(false)', '-'],
        model: 'small',
        env: { ACTOR_LINES: lines },
      });
      expect(session.env).toMatchObject({ ACTOR_LINES: '***' });
      const first = await world.told(session, '--- a prompt, not a flag');
      expect(first).toMatchObject({
        head: '--- a prompt, not a flag',
        lines,
        cwd: stage,
        resumed: null,
      });
      expect(first.args.slice(-3)).toEqual(['--flag', 'two words; $(false)', '-']);
      expect(first.args.join(' ')).toContain('--model small');
      expect(first.args.join(' ')).not.toContain('--resume');
      const second = await world.told(session, 'again', { readOnly: true });
      expect(second.resumed).toBe('1');
      expect(second.args.join(' ')).toContain('--permission-mode plan');
      expect(second.args.join(' ')).toContain('--resume actor-1');
      expect(await world.told(session, 'anew', { fresh: true })).toMatchObject({ resumed: null });
    });

    it('deliver a prompt of 5 MB to the last byte', async () => {
      const session = await world.actor(place, await world.stage());
      const prompt = `${'A line of "quotes", back\\slashes and ünïcödé 🙂\n'.repeat(103_000)}end`;
      expect(prompt.length).toBeGreaterThan(4_900_000);
      const told = await world.told(session, prompt);
      expect(told.sha256).toBe(createHash('sha256').update(prompt).digest('hex'));
    });

    it('go on over a restart of the server: one attempt, nothing lost, nothing doubled', async () => {
      const stage = await world.stage();
      const session = await world.demo(place, stage, { env: { MAESTRO_DEMO_PACE_MS: '40' } });
      const words = Array.from({ length: 600 }, (_, index) => `word${index}`).join(' ');
      const turn = await world.ask(session, `%% say ${words}`);
      await world.api.until<{ items: { type: string }[] }>(
        `/events?stream=session:${session.id}&after=0&limit=200`,
        ({ items }) => items.filter(({ type }) => type === 'turn.output').length > 5,
      );
      await world.server.restart();
      const ended = await world.ended(turn);
      expect(ended).toMatchObject({ state: 'completed', attempts: 1, text: words });
      expect(await world.demoStarts(stage)).toBe(1);
      const events = await world.events(`session:${session.id}`);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, index) => index + 1));
      expect(events.map(({ data }) => data.text ?? '').join('')).toBe(words);
      expect(events.filter(({ type }) => type === 'turn.started')).toHaveLength(1);
    });
  });
});

describe('a turn at its provider’s limit', () => {
  let world: SessionsWorld;
  beforeAll(async () => {
    world = await SessionsWorld.openWithSql();
  }, 120_000);
  afterAll(() => world.close());

  it('waits as limited, and is a whole new execution when the time has come', async () => {
    const stage = await world.stage();
    const session = await world.demo('local', stage);
    const turn = await world.ask(session, '%% fail 429');
    const limited = await world.reaches(turn, 'limited');
    expect(limited).toMatchObject({ error: { code: 'agent/limit' }, finishedAt: null });
    expect(Date.parse(limited.resumesAt ?? '')).toBeGreaterThan(Date.now());
    expect(await world.api.get(`/sessions/${session.id}`)).toMatchObject({ state: 'limited' });

    await world.sql(
      `UPDATE turns SET prompt = '%% sleep 1500', resumes_at = now(), retry_at = NULL, started_at = now() - interval '1 day'
       WHERE id = $1`,
      [turn.id],
    );
    expect(await world.reaches(turn, 'running')).toMatchObject({ attempts: 1, error: null });
    expect(await world.ended(turn)).toMatchObject({ state: 'completed' });
  });

  it('does not keep other sessions from their common directory', async () => {
    const stage = await world.stage();
    const [one, other] = [await world.demo('local', stage), await world.demo('local', stage)];
    const limited = await world.ask(one, '%% fail 429');
    await world.reaches(limited, 'limited');
    const waiting = await world.ask(one, 'behind the limit');
    expect(await world.ended(await world.ask(other, 'hello'))).toMatchObject({
      state: 'completed',
    });
    expect(await world.api.get(`/turns/${waiting.id}`)).toMatchObject({ state: 'queued' });
    await world.api.post(`/turns/${limited.id}/cancel`);
    expect(await world.ended(waiting)).toMatchObject({ state: 'completed' });
  });
});
