import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { type Act, ProviderStage } from '../support/provider-actor.js';
import { Runs } from '../support/runs.js';
import { PLACES, SessionsWorld, WITHOUT_SSH } from './sessions.world.js';

describe(`Work that its provider holds up${WITHOUT_SSH}`, () => {
  let world: SessionsWorld;
  beforeAll(async () => {
    world = await SessionsWorld.open('embedded', { MAESTRO_TURN_RETRY_MS: '300' });
  }, 120_000);
  afterAll(() => world.close());

  const open = async (
    name: string,
    remoteId: string | null,
    acts: readonly Act[],
  ): Promise<{ stage: ProviderStage; session: Session }> => {
    const stage = await ProviderStage.open(world.dir, acts);
    const fields = { name, remoteId, ...stage.session };
    return { stage, session: await world.api.post<Session>('/sessions', fields) };
  };
  const turnsOf = async ({ id }: Session): Promise<Turn[]> =>
    (await world.api.get<{ items: Turn[] }>(`/sessions/${id}/turns`)).items;

  it.each(PLACES)('is a task of a run, which shows the limit and goes on: on %s', async (place) => {
    const { stage, session } = await open('worker', world.remoteIdAt(place), [
      { resetsInMs: 4_000 },
      { fails: 529 },
    ]);
    const document = join(stage.dir, '.maestro', 'playbooks', 'a.md');
    await mkdir(join(document, '..'), { recursive: true });
    await writeFile(document, '- [ ] one\n');
    const runs = new Runs(world.api, session.id);
    const run = await runs.reach(await runs.start({}, 'a.md'), 'completed', 'paused', 'failed');
    expect(run).toMatchObject({ state: 'completed', endReason: 'done' });
    expect(await readFile(document, 'utf8')).toBe('- [x] one\n');
    expect(await runs.tasksOf(run)).toMatchObject([{ state: 'done', success: true }]);
    const states = (await runs.eventsOf(run)).filter(({ type }) => type === 'run.state');
    const seen = states.map(({ data }) => data['state']);
    expect(seen.filter((state) => state === 'limited')).toHaveLength(1);
    expect(await turnsOf(session)).toMatchObject([
      { kind: 'task', earlier: [{ code: 'agent/limit' }, { code: 'agent/overloaded' }] },
    ]);
    // All executions of the one turn in the one conversation that it had begun.
    const [first, ...later] = (await stage.starts()).map(({ resumed }) => resumed);
    const [task] = await turnsOf(session);
    expect([first, ...later]).toEqual([
      ...[null, task?.providerSessionId, task?.providerSessionId],
    ]);
  });

  it('is a question to a group chat, which waits for its moderator and its participant', async () => {
    const { session: moderator } = await open('Lead', null, [
      { resetsInMs: 500 },
      { says: '@Worker look' },
      { fails: 500 },
      { says: 'All is well' },
    ]);
    const remoteId = world.remoteIdAt(PLACES.at(-1) ?? 'local');
    const { session: worker, stage } = await open('Worker', remoteId, [{ says: 'hello' }]);
    const before = await world.ended(await world.ask(worker, 'Remember 4711'));
    await stage.forget(before.providerSessionId);
    await stage.plays([{ fails: 529 }, { resetsInMs: 500 }, { says: 'I looked' }]);
    const chat = await world.api.post<{ id: string }>('/groupchats', {
      name: 'held up',
      moderator: { sessionId: moderator.id },
      participants: [worker.id],
    });
    await world.api.post(`/groupchats/${chat.id}/messages`, { text: 'How is it?' });
    interface Said {
      items: { from: string; text: string }[];
    }
    const { items } = await world.api.until<Said>(
      `/groupchats/${chat.id}/messages`,
      (said) => said.items.at(-1)?.text === 'All is well',
    );
    expect(items.map(({ from, text }) => `${from}: ${text}`)).toEqual([
      'user: How is it?',
      'moderator: @Worker look',
      'participant: I looked',
      'moderator: All is well',
    ]);
    const codes = async (session: Session): Promise<string[][]> =>
      (await turnsOf(session)).map(({ earlier }) => earlier.map(({ code }) => code));
    expect(await codes(moderator)).toEqual([['agent/limit'], ['agent/overloaded']]);
    expect(await codes(worker)).toEqual([
      [],
      ['agent/session-not-found', 'agent/overloaded', 'agent/limit'],
    ]);
    const [, , anew, ...again] = await stage.starts();
    expect(anew?.prompt).toContain('  Remember 4711');
    expect(anew?.prompt).toContain('\n\nREQUEST:\nROLE: participant');
    const [, answered] = await turnsOf(worker);
    expect(again.map(({ resumed }) => resumed)).toEqual([
      ...[answered?.providerSessionId, answered?.providerSessionId],
    ]);
  });
});
