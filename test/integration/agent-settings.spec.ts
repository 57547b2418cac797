import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AgentRegistry } from '../../src/agents/index.js';
import { type GroupChat } from '../../src/modules/groupchat/groupchat.answers.js';
import { type Session } from '../../src/modules/sessions/index.js';
import { PLACES, SessionsWorld, WITHOUT_SSH } from './sessions.world.js';

const agents = new AgentRegistry().list();

describe(`What an agent is to be told${WITHOUT_SSH}`, () => {
  let world: SessionsWorld;
  beforeAll(async () => {
    world = await SessionsWorld.open('embedded');
  }, 120_000);
  afterAll(() => world.close());

  const create = (settings: object) =>
    world.api.call<Session>('POST', '/sessions', { name: 's', cwd: '/tmp', ...settings });
  const refused = (...pointers: string[]): object => ({
    status: 422,
    body: {
      code: 'agent/unsupported',
      hint: expect.stringMatching(/./),
      errors: pointers.map((pointer) => expect.objectContaining({ pointer })),
    },
  });

  it.each(
    agents
      .filter(({ agent, needsCommand }) => needsCommand !== true && agent !== 'custom')
      .map(({ agent, capabilities }) => ({ agent, ...capabilities })),
  )('is kept by a session of $agent, or refused', async ({ agent, effort, readOnly, model }) => {
    expect(await create({ agent, effort: 'unheard-of' })).toMatchObject(refused('/effort'));
    const [level = null] = effort;
    const settings = { agent, effort: level, model: model ? 'some-model' : null };
    const { status, body } = await create(settings);
    expect({ status, body }).toMatchObject({ status: 201, body: { ...settings, readOnly } });
    const path = `/sessions/${body.id}`;
    expect(await world.api.call('PATCH', path, { effort: 'unheard-of' })).toMatchObject(
      refused('/effort'),
    );
    expect(await world.api.get(path)).toMatchObject(settings);
    const last = effort.at(-1) ?? null;
    expect(await world.api.ok('PATCH', path, { effort: last })).toMatchObject({ effort: last });
    const cleared = { effort: null, model: null };
    expect(await world.api.ok('PATCH', path, cleared)).toMatchObject(cleared);
    if (model) return;
    expect(await world.api.call('PATCH', path, { model: 'x' })).toMatchObject(refused('/model'));
    expect(await create({ agent, model: 'x', effort: 'y' })).toMatchObject(
      refused('/model', '/effort'),
    );
  });

  it.each(PLACES)('reaches its CLI on %s', async (place) => {
    const stage = await world.stage();
    const settings = { agent: 'claude-code', effort: 'high', model: 'opus' };
    const session = await world.actor(place, stage, settings);
    const { args } = await world.told(session, 'Which?');
    expect(args.join(' ')).toContain('--effort high');
    expect(args.join(' ')).toContain('--model opus');
    await world.api.ok('PATCH', `/sessions/${session.id}`, { effort: null });
    expect((await world.told(session, 'And now?')).args).not.toContain('--effort');
  });

  it('names the program of an agent that may be any', async () => {
    // A custom agent needs more than that, and says so first.
    const others = agents.filter(({ agent }) => agent !== 'custom');
    for (const { agent } of others.filter(({ needsCommand }) => needsCommand === true)) {
      expect(await create({ agent })).toMatchObject(refused('/command'));
      const { body } = await create({ agent, command: '/opt/agent' });
      const path = `/sessions/${body.id}`;
      expect(await world.api.call('PATCH', path, { command: null })).toMatchObject(
        refused('/command'),
      );
      expect(await world.api.ok('PATCH', path, { name: 't' })).toMatchObject({
        command: '/opt/agent',
      });
    }
  });

  it('is not said among the arguments, where the server says it', async () => {
    const args = ['--verbose', '--output-format', 'text'];
    const claude = { agent: 'claude-code', model: 'opus' };
    expect(await create({ ...claude, args })).toMatchObject(refused('/args/1'));
    const { body } = await create(claude);
    const path = `/sessions/${body.id}`;
    const other = { args: ['--model', 'x'] };
    expect(await world.api.call('PATCH', path, other)).toMatchObject(refused('/args/0'));
    await world.api.ok('PATCH', path, { ...other, model: null });
    expect(await world.api.call('PATCH', path, { model: 'y' })).toMatchObject(refused('/args/0'));
    const chat = { name: 'Room', moderator: { agent: 'claude-code', args } };
    expect(await world.api.call('POST', '/groupchats', chat)).toMatchObject(
      refused('/moderator/args/1'),
    );
  });

  it('is asked for by a test of a remote too', async () => {
    const draft = { name: 'nowhere', host: '127.0.0.1', port: 1 };
    const { id } = await world.api.post<{ id: string }>('/remotes', draft);
    for (const { agent, needsCommand } of agents) {
      if (needsCommand !== true) continue;
      const tests = [
        world.api.call('POST', '/remotes/test', { ...draft, agent }),
        world.api.call('POST', `/remotes/${id}/test`, { agent }),
      ];
      for (const answer of await Promise.all(tests)) {
        expect(answer).toMatchObject(refused('/command'));
      }
    }
    const named = { ...draft, agent: 'acp', command: '/opt/agent' };
    expect(await world.api.call('POST', '/remotes/test', named)).toMatchObject({
      ...{ status: 200, body: { ok: false } },
    });
  });

  it('is the same for a moderator of its own, and shown of everybody in the chat', async () => {
    const near = await world.demo('local', await world.stage());
    const moderator = (settings: object) => ({
      ...{ name: 'Room', participants: [near.id] },
      moderator: { agent: 'claude-code', ...settings },
    });
    const chat = (settings: object) =>
      world.api.call<GroupChat>('POST', '/groupchats', moderator(settings));
    expect(await chat({ effort: 'unheard-of' })).toMatchObject(refused('/moderator/effort'));
    const claude = agents.find(({ agent }) => agent === 'claude-code');
    const effort = claude?.capabilities.effort[0];
    const { body } = await chat({ effort, model: 'opus' });
    expect(body).toMatchObject({
      moderator: { readOnly: 'enforced' },
      participants: [{ readOnly: 'enforced' }],
    });
    const session = await world.api.get(`/sessions/${body.moderator.sessionId}`);
    expect(session).toMatchObject({ effort, model: 'opus', readOnly: 'enforced' });
    const other = { moderator: { agent: 'codex', effort: 'unheard-of' } };
    expect(await world.api.call('PATCH', `/groupchats/${body.id}`, other)).toMatchObject(
      refused('/moderator/effort'),
    );
  });

  it('is settled before a turn that only reads is taken', async () => {
    const args = ['--dangerously-skip-permissions'];
    const { body: session } = await create({ agent: 'claude-code', args });
    const ask = { prompt: 'Look.', readOnly: true };
    const path = `/sessions/${session.id}`;
    expect(await world.api.call('POST', `${path}/turns`, ask)).toMatchObject(refused('/readOnly'));
    expect(await world.api.get(`${path}/turns`)).toMatchObject({ items: [] });
    const chat = (moderator: object) =>
      world.api.call('POST', '/groupchats', { name: 'Room', moderator });
    expect(await chat({ agent: 'claude-code', args })).toMatchObject(refused('/moderator/args'));
    expect(await chat({ sessionId: session.id })).toMatchObject(refused('/moderator'));
  });

  it('is what its CLI lists, on the host that is asked', async () => {
    const models = (agent: string) => world.api.call('GET', `/hosts/local/agents/${agent}/models`);
    expect(await models('claude-code')).toMatchObject({
      status: 422,
      body: { code: 'agent/unsupported' },
    });
    expect(await models('nobody')).toMatchObject({ status: 404 });
    const nowhere = '019a0000-0000-7000-8000-000000000000';
    expect(await world.api.call('GET', `/remotes/${nowhere}/agents/codex/models`)).toMatchObject({
      status: 404,
      body: { code: 'remotes/not-found' },
    });
  });
});
