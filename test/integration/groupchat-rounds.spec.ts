import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World } from './groupchat.world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** A chat with two participants whose names nobody else has. */
const setup = async (limits?: {
  maxRounds?: number;
  maxCostUsd?: number;
  participantTimeoutMs?: number;
}) => {
  const tag = randomUUID().slice(0, 8);
  const names = { a: `Api-${tag}`, b: `Web-${tag}` };
  const a = await world.session(names.a);
  const b = await world.session(names.b);
  const chat = await world.chat([a, b], { limits });
  const id = chat.id;
  const m = chat.moderator.sessionId;
  return { id, m, a, b, names, tag, at: { a: `@${names.a}`, b: `@${names.b}` } };
};

const stateOf = async (id: string) => (await world.chats.get(id)).state;
const reasonOf = async (id: string) => (await world.rounds(id)).at(-1)?.endReason;

describe('A question', () => {
  it('goes to the moderator, to those it addresses, and back to it', async () => {
    const { id, m, a, b, names, at } = await setup();
    await world.say(id, 'How big?');
    expect(await stateOf(id)).toBe('moderator-thinking');
    const first = await world.openTurn(id, m);
    expect(first).toMatchObject({ kind: 'moderator', readOnly: true, state: 'queued' });
    expect(first.prompt).toContain('QUESTION:\n  How big?');
    expect(first.prompt).toContain(`- ${at.a} (demo, local)`);

    await world.answer(id, m, `${at.a} and ${at.b}: measure`);
    expect(await stateOf(id)).toBe('agents-working');
    const asked = await world.openTurn(id, a);
    expect(asked).toMatchObject({ kind: 'participant', readOnly: false });
    expect(asked.prompt).toContain(`QUESTION:\n  ${at.a} and ${at.b}: measure`);
    expect((await world.chats.get(id)).participants.map(({ state }) => state)).toEqual([
      'working',
      'working',
    ]);

    await world.answer(id, a, 'A is 1 MB');
    expect(await stateOf(id)).toBe('agents-working');
    await world.answer(id, b, 'B is 2 MB');
    expect(await stateOf(id)).toBe('moderator-thinking');
    const synthesis = await world.openTurn(id, m);
    expect(synthesis.prompt).toContain(
      `ROUND 1 ANSWERS:\n@${names.a}: A is 1 MB\n@${names.b}: B is 2 MB`,
    );

    await world.answer(id, m, '3 MB in all');
    expect(await stateOf(id)).toBe('idle');
    const fresh = await world.database.query(
      'SELECT kind, bool_and(fresh) AS fresh FROM turns WHERE owner_id = $1 GROUP BY kind ORDER BY kind',
      [id],
    );
    expect(fresh).toEqual([
      { kind: 'moderator', fresh: true },
      { kind: 'participant', fresh: false },
    ]);
    expect(await world.said(id)).toEqual([
      'user: How big?',
      `moderator: ${at.a} and ${at.b}: measure`,
      'participant: A is 1 MB',
      'participant: B is 2 MB',
      'moderator: 3 MB in all',
    ]);
    expect(await world.rounds(id)).toMatchObject([
      { number: 1, phase: 'closed', endReason: 'answered', moderatorTurnId: first.id },
    ]);
    expect((await world.transcript(id)).map(({ seq, round }) => [seq, round])).toEqual([
      [1, null],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 1],
    ]);
  });

  it('is told on the stream of the chat as it is told over HTTP', async () => {
    const { id, m, a, at } = await setup();
    await world.say(id, 'Hello');
    await world.answer(id, m, `${at.a} go`);
    await world.answer(id, a, 'done');
    await world.answer(id, m, 'all done');
    const events = await world.eventsOf<{ message: unknown }>(id, 'groupchat.message');
    expect(events.map(({ message }) => message)).toEqual(await world.transcript(id));
    const states = await world.eventsOf<{ state: string; endReason: string | null }>(
      id,
      'groupchat.state',
    );
    expect(states.slice(-4)).toMatchObject([
      { state: 'moderator-thinking', round: 1 },
      { state: 'agents-working', round: 1 },
      { state: 'moderator-thinking', round: 1 },
      { state: 'idle', endReason: 'answered' },
    ]);
  });

  it('is answered at once when the moderator addresses nobody', async () => {
    const { id, m } = await setup();
    await world.say(id, 'Hi');
    await world.answer(id, m, 'Hello, `@property` is a decorator');
    expect(await stateOf(id)).toBe('idle');
    expect(await reasonOf(id)).toBe('answered');
    expect(await world.open(id)).toEqual([]);
  });

  it('waits its turn behind the one before, and hears the answer to that', async () => {
    const { id, m } = await setup();
    await world.say(id, 'First?');
    await world.say(id, 'Second?');
    expect(await world.chats.get(id)).toMatchObject({ queued: 1, state: 'moderator-thinking' });
    const first = await world.openTurn(id, m);
    expect(first.prompt).not.toContain('Second?');
    await world.answer(id, m, 'Answer one');
    expect(await world.chats.get(id)).toMatchObject({ queued: 0, state: 'moderator-thinking' });
    const { prompt } = await world.openTurn(id, m);
    expect(prompt).toContain('TRANSCRIPT:\n  user: First?\n  moderator: Answer one\n');
    expect(prompt).toContain('QUESTION:\n  Second?');
    await world.answer(id, m, 'Answer two');
    expect(await stateOf(id)).toBe('idle');
  });

  it('keeps the chat from being idle from the moment it is asked', async () => {
    const { id, m } = await setup();
    const post = () => world.conversation.post(id, randomUUID(), { text: 'Go', readOnly: false });
    await post();
    expect(await stateOf(id)).toBe('moderator-thinking');
    await post();
    await world.ring(id);
    await world.answer(id, m, 'One');
    await world.answer(id, m, 'Two');
    const states = await world.eventsOf<{ state: string }>(id, 'groupchat.state');
    expect(states.slice(1).map(({ state }) => state)).toEqual([
      'moderator-thinking',
      'moderator-thinking',
      'moderator-thinking',
      'moderator-thinking',
      'moderator-thinking',
      'idle',
    ]);
  });

  it('hands its read-only wish to the participants of every round', async () => {
    const { id, m, a, at } = await setup();
    await world.say(id, 'Look only', true);
    for (const round of [1, 2]) {
      await world.answer(id, m, `${at.a} look ${round}`);
      const turn = await world.openTurn(id, a);
      expect(turn.readOnly).toBe(true);
      expect(turn.prompt).toContain('Read only');
      await world.answer(id, a, 'seen');
    }
  });

  it('is asked once, however often and by however many the bell is rung', async () => {
    const { id, m, a, b, at } = await setup();
    await world.conversation.post(id, randomUUID(), { text: 'Go', readOnly: false });
    const rings = () => Promise.all(Array.from({ length: 5 }, () => world.ring(id)));
    await rings();
    expect(await world.open(id)).toHaveLength(1);
    await world.end((await world.openTurn(id, m)).id, `${at.a} ${at.b}`);
    await rings();
    expect(await world.open(id)).toHaveLength(2);
    for (const session of [a, b]) await world.end((await world.openTurn(id, session)).id, 'ok');
    await rings();
    expect(await world.open(id)).toHaveLength(1);
    expect(await world.said(id)).toHaveLength(4);
  });

  it('is resumed at the arrow where the server died, with nothing doubled and nothing lost', async () => {
    const { id, m, a, b, at } = await setup();
    await world.conversation.post(id, randomUUID(), { text: 'Go', readOnly: false });
    expect(await world.ringThroughCrashes(id)).toBeGreaterThan(1);
    await world.end((await world.openTurn(id, m)).id, `${at.a} ${at.b}`);
    expect(await world.ringThroughCrashes(id)).toBeGreaterThan(2);
    await world.end((await world.openTurn(id, a)).id, 'A');
    await world.end((await world.openTurn(id, b)).id, { state: 'lost' });
    expect(await world.ringThroughCrashes(id)).toBeGreaterThan(2);
    await world.end((await world.openTurn(id, m)).id, 'The end');
    expect(await world.ringThroughCrashes(id)).toBeGreaterThan(1);
    expect(await stateOf(id)).toBe('idle');
    expect(await world.said(id)).toEqual([
      'user: Go',
      `moderator: ${at.a} ${at.b}`,
      'participant: A',
      `system: ${at.b} failed: the turn was lost`,
      'moderator: The end',
    ]);
    expect((await world.rounds(id)).map(({ turns }) => turns.length)).toEqual([4]);
    const [count] = await world.database.query<{ turns: number }>(
      'SELECT count(*)::int AS turns FROM turns WHERE owner_id = $1',
      [id],
    );
    expect(count?.turns).toBe(4);
  });

  it('is found by the sweep as long as something can be due', async () => {
    const { id, m } = await setup();
    expect(await world.due()).not.toContain(id);
    await world.conversation.post(id, randomUUID(), { text: 'Go', readOnly: false });
    expect(await world.due()).toContain(id);
    await world.ring(id);
    expect(await world.due()).toContain(id);
    await world.answer(id, m, 'Done');
    expect(await world.due()).not.toContain(id);
  });
});

describe('A participant', () => {
  it('that fails counts as having answered, and the moderator reads why', async () => {
    const { id, m, a, b, names, at } = await setup();
    await world.say(id, 'Go');
    await world.answer(id, m, `${at.a} ${at.b}`);
    const error = {
      code: 'agent/auth-failed',
      message: 'Not logged in',
      hint: 'Log in',
      recoverable: true,
    };
    await world.answer(id, a, { state: 'failed', error });
    await world.answer(id, b, 'fine');
    const { prompt } = await world.openTurn(id, m);
    expect(prompt).toContain(`@${names.a}: [failed: Not logged in]\n@${names.b}: fine`);
    expect(await world.said(id)).toContain(`system: ${at.a} failed: Not logged in. Log in`);
    expect((await world.rounds(id))[0]?.turns).toMatchObject([
      { role: 'moderator', state: 'answered' },
      { handle: names.a, state: 'failed', error: { code: 'agent/auth-failed' } },
      { handle: names.b, state: 'answered', error: null },
      { role: 'moderator', state: 'pending' },
    ]);
  });

  it('on a disabled remote is refused, and the round goes on without it', async () => {
    const { id, m, names, at, b, tag } = await setup();
    const remoteId = randomUUID();
    await world.database.query(
      `INSERT INTO remotes (id, name, host, env, env_names, enabled, use_ssh_config, host_key_policy, state, created_at, updated_at)
       VALUES ($1, $2, 'far', '', '[]', false, false, 'accept-new', '{}', now(), now())`,
      [remoteId, tag],
    );
    const far = await world.session(`Far-${tag}`, { remoteId });
    await world.participants.add(id, far);
    await world.say(id, 'Go');
    await world.answer(id, m, `@Far-${tag} ${at.b}`);
    expect(await world.open(id)).toMatchObject([{ sessionId: b }]);
    expect(await world.said(id)).toContain(
      `system: @Far-${tag} can't be asked: The remote is disabled. Enable it`,
    );
    await world.answer(id, b, 'fine');
    expect((await world.openTurn(id, m)).prompt).toContain('[failed: The remote is disabled]');
    expect((await world.openTurn(id, m)).prompt).toContain(`@${names.b}: fine`);
  });

  it('past its deadline is stopped, and its late answer is kept and starts nothing', async () => {
    const { id, m, a, b, names, at } = await setup({ participantTimeoutMs: 1_000 });
    await world.say(id, 'Go');
    await world.answer(id, m, `${at.a} ${at.b}`);
    const slow = await world.openTurn(id, a);
    await world.run(slow.id);
    await world.answer(id, b, 'quick');
    expect(await stateOf(id)).toBe('agents-working');
    await world.database.query(
      `UPDATE group_chat_round_turns SET deadline_at = now() - interval '1 s' WHERE turn_id = $1`,
      [slow.id],
    );
    await world.ring(id);
    expect(await world.turns.get(slow.id)).toMatchObject({ state: 'stopping' });
    expect(await stateOf(id)).toBe('moderator-thinking');
    const { prompt } = await world.openTurn(id, m);
    expect(prompt).toContain(`@${names.a}: [timed out: no answer within 1 s]\n@${names.b}: quick`);

    await world.answer(id, m, 'The end');
    expect(await stateOf(id)).toBe('idle');
    expect(await world.due()).toContain(id);
    await world.end(slow.id, `${at.b} too late`);
    await world.ring(id);
    expect((await world.transcript(id)).at(-1)).toMatchObject({
      from: 'participant',
      text: `${at.b} too late`,
      late: true,
      round: 1,
      turnId: slow.id,
    });
    expect(await world.open(id)).toEqual([]);
    expect(await stateOf(id)).toBe('idle');
    expect(await world.due()).not.toContain(id);
    expect((await world.rounds(id))[0]?.turns[1]).toMatchObject({ state: 'late' });
  });

  it('past its deadline that dies without a word stays timed out', async () => {
    const { id, m, a, at } = await setup({ participantTimeoutMs: 1_000 });
    await world.say(id, 'Go');
    await world.answer(id, m, at.a);
    const slow = await world.openTurn(id, a);
    await world.database.query(
      `UPDATE group_chat_round_turns SET deadline_at = now() - interval '1 s' WHERE turn_id = $1`,
      [slow.id],
    );
    await world.ring(id);
    expect(await world.turns.get(slow.id)).toMatchObject({ state: 'cancelled' });
    expect((await world.rounds(id))[0]?.turns[1]).toMatchObject({
      state: 'timed-out',
      error: { code: 'agent/timeout' },
    });
  });

  it('that the user removes is waited for no longer', async () => {
    const { id, m, a, b, at } = await setup();
    await world.say(id, 'Go');
    await world.answer(id, m, `${at.a} ${at.b}`);
    await world.participants.remove(id, a);
    await world.ring(id);
    expect(await world.open(id)).toMatchObject([{ sessionId: b }]);
    await world.answer(id, b, 'fine');
    expect(await stateOf(id)).toBe('moderator-thinking');
  });
});

describe('A session outside of the chat', () => {
  it('joins when the moderator mentions it', async () => {
    const { id, m, tag } = await setup();
    const guest = await world.session(`Guest ${tag}`);
    await world.session(`Twin ${tag}`);
    await world.session(`Twin ${tag}`);
    await world.say(id, 'Go');
    const { prompt } = await world.openTurn(id, m);
    expect(prompt).toContain(`  @Guest-${tag} (demo, local)`);
    expect(prompt).not.toContain('@Twin');
    expect(prompt).not.toContain('@Boss');
    await world.answer(id, m, `@Guest-${tag} please`);
    expect(await world.open(id)).toMatchObject([{ sessionId: guest }]);
    expect((await world.chats.get(id)).participants.at(-1)).toMatchObject({
      sessionId: guest,
      name: `Guest ${tag}`,
      handle: `Guest-${tag}`,
    });
    expect(await world.eventsOf(id, 'groupchat.participant')).toMatchObject([
      { change: 'added', by: 'user' },
      { change: 'added', by: 'user' },
      { change: 'added', by: 'moderator', participant: { handle: `Guest-${tag}` } },
    ]);
  });

  it('that the user removed comes back only when the user mentions it', async () => {
    const { id, m, a, at } = await setup();
    await world.say(id, 'Go');
    await world.participants.remove(id, a);
    await world.answer(id, m, `${at.a} please`);
    expect(
      (await world.chats.get(id)).participants.map(({ sessionId }) => sessionId),
    ).not.toContain(a);
    await world.answer(id, m, 'Well then');
    await world.say(id, `${at.a} is welcome again`);
    expect((await world.chats.get(id)).participants.map(({ sessionId }) => sessionId)).toContain(a);
  });

  it('that nobody has is reported to the user', async () => {
    const { id } = await setup();
    await world.say(id, 'Ask @NobodyAtAll');
    expect(await world.said(id)).toEqual([
      'user: Ask @NobodyAtAll',
      'system: Nobody here is called @NobodyAtAll.',
    ]);
  });
});

describe('A moderator', () => {
  it('that addresses nobody by mistake gets one chance to mend it', async () => {
    const { id, m, a, at } = await setup();
    await world.say(id, 'Go');
    await world.answer(id, m, 'I ask @NobodyAtAll');
    expect(await stateOf(id)).toBe('moderator-thinking');
    const { prompt } = await world.openTurn(id, m);
    expect(prompt).toContain('CORRECTION:\n  You answered:\n  I ask @NobodyAtAll');
    await world.answer(id, m, `${at.a} please`);
    expect(await world.open(id)).toMatchObject([{ sessionId: a }]);
    expect(await world.rounds(id)).toHaveLength(1);
  });

  it('that does not mend it ends the question, and the user sees why', async () => {
    const { id, m } = await setup();
    await world.say(id, 'Go');
    await world.answer(id, m, 'I ask @NobodyAtAll');
    await world.answer(id, m, 'I do ask @NobodyAtAll');
    expect(await stateOf(id)).toBe('idle');
    expect(await reasonOf(id)).toBe('nobody-addressed');
    expect((await world.said(id)).at(-1)).toBe(
      'system: Nobody was asked. Nobody here is called @NobodyAtAll.',
    );
  });

  it('that fails leaves the failure in the transcript, and the chat takes up the next message', async () => {
    const { id, m } = await setup();
    await world.say(id, 'One');
    await world.say(id, 'Two');
    const error = { code: 'agent/crashed', message: 'It crashed', recoverable: true };
    await world.answer(id, m, { state: 'failed', error });
    expect(await world.said(id)).toEqual([
      'user: One',
      'user: Two',
      'system: The moderator failed: It crashed',
    ]);
    expect(await reasonOf(id)).toBeNull();
    expect((await world.rounds(id))[0]?.endReason).toBe('moderator-failed');
    expect((await world.openTurn(id, m)).prompt).toContain('QUESTION:\n  Two');
  });

  it('that says nothing at all has failed', async () => {
    const { id, m } = await setup();
    await world.say(id, 'One');
    await world.answer(id, m, ' \n');
    expect(await reasonOf(id)).toBe('moderator-failed');
  });

  it('that delegates for ever is ended by the limit of rounds', async () => {
    const { id, m, a, at } = await setup({ maxRounds: 2 });
    await world.say(id, 'Go');
    for (const round of [1, 2]) {
      expect((await world.openTurn(id, m)).prompt).not.toContain('LAST:');
      await world.answer(id, m, `${at.a} again ${round}`);
      await world.answer(id, a, `answer ${round}`);
    }
    const { prompt } = await world.openTurn(id, m);
    expect(prompt).toContain('LAST:');
    expect(prompt).toContain('ROUND 1 ANSWERS:');
    expect(prompt).toContain('ROUND 2 ANSWERS:');
    await world.answer(id, m, `${at.a} and again`);
    expect(await stateOf(id)).toBe('idle');
    expect(await world.open(id)).toEqual([]);
    expect((await world.said(id)).at(-1)).toBe(
      'system: The limit of rounds is reached: nobody else was asked.',
    );
    expect(await world.rounds(id)).toMatchObject([
      { number: 1, phase: 'closed' },
      { number: 2, phase: 'closed', endReason: 'round-limit' },
    ]);
  });

  it('delegates no more when the money of the question is spent', async () => {
    const { id, m, a, at } = await setup({ maxCostUsd: 1 });
    await world.say(id, 'Go');
    await world.answer(id, m, { text: at.a, costUsd: 0.25 });
    await world.answer(id, a, { text: 'expensive', costUsd: 0.8 });
    expect((await world.openTurn(id, m)).prompt).toContain('The cost limit');
    await world.answer(id, m, `${at.a} more`);
    expect(await reasonOf(id)).toBe('cost-limit');
    expect(await world.open(id)).toEqual([]);
  });
});

describe('Stop', () => {
  it('ends every turn with proof before the chat is idle, and drops what waits', async () => {
    const { id, m, a, b, at } = await setup();
    await world.say(id, 'Go');
    await world.answer(id, m, `${at.a} ${at.b}`);
    await world.say(id, 'And then?');
    const running = await world.openTurn(id, a);
    await world.run(running.id);
    expect(await world.conversation.stop(id)).toMatchObject({ state: 'stopping', queued: 0 });
    await world.ring(id);
    expect(await world.open(id)).toMatchObject([{ id: running.id, state: 'stopping' }]);
    expect(await stateOf(id)).toBe('stopping');

    await world.say(id, 'After the stop');
    expect(await world.open(id)).toHaveLength(1);
    await world.end(running.id, { state: 'cancelled' });
    await world.ring(id);
    expect((await world.rounds(id))[0]).toMatchObject({
      endReason: 'stopped',
      turns: [{ state: 'answered' }, { state: 'stopped' }, { state: 'stopped' }],
    });
    expect((await world.openTurn(id, m)).prompt).toContain('QUESTION:\n  After the stop');
    expect(await world.open(id)).toHaveLength(1);
    expect(b).not.toBe(a);
  });

  it('of an idle chat changes nothing', async () => {
    const { id } = await setup();
    expect(await world.conversation.stop(id)).toMatchObject({ state: 'idle' });
  });

  it('is idle at once when nothing has started', async () => {
    const { id } = await setup();
    await world.say(id, 'Go');
    await world.conversation.stop(id);
    await world.ring(id);
    expect(await stateOf(id)).toBe('idle');
    expect(await reasonOf(id)).toBe('stopped');
  });
});

describe('A chat', () => {
  it('that is busy is neither deleted nor archived, nor given another moderator', async () => {
    const { id, m } = await setup();
    await world.say(id, 'Go');
    const busy = { code: 'groupchats/busy', status: 409 };
    await expect(world.chats.delete(id)).rejects.toMatchObject(busy);
    await expect(world.chats.archive(id)).rejects.toMatchObject(busy);
    const sessionId = await world.session('Other boss');
    await expect(world.chats.patch(id, { moderator: { sessionId } })).rejects.toMatchObject(busy);
    await world.answer(id, m, 'Done');
    await world.chats.delete(id);
    await expect(world.chats.get(id)).rejects.toMatchObject({ code: 'groupchats/not-found' });
  });

  it('that is archived takes no message until it is brought back', async () => {
    const { id } = await setup();
    expect(await world.chats.archive(id)).toMatchObject({ archived: true });
    await expect(world.say(id, 'Hi')).rejects.toMatchObject({ code: 'groupchats/archived' });
    await world.chats.patch(id, { archived: false });
    await world.say(id, 'Hi');
  });

  it('takes changed limits one by one', async () => {
    const { id } = await setup({ maxRounds: 3, maxCostUsd: 2 });
    const patched = await world.chats.patch(id, { name: 'New', limits: { maxCostUsd: null } });
    expect(patched).toMatchObject({ name: 'New', limits: { maxRounds: 3, maxCostUsd: null } });
    expect((await world.chats.patch(id, { limits: { maxRounds: null } })).limits.maxRounds).toBe(6);
  });

  it('keeps its sessions from being deleted as long as they take part', async () => {
    const { id, m, a } = await setup();
    const drop = (session: string) =>
      world.database.query('DELETE FROM sessions WHERE id = $1', [session]);
    await expect(drop(a)).rejects.toThrow('foreign key');
    await expect(drop(m)).rejects.toThrow('foreign key');
    await world.participants.remove(id, a);
    await drop(a);
  });

  it('has no session as moderator and participant at once', async () => {
    const { id, m, a } = await setup();
    const twice = { code: 'groupchats/moderator-cannot-participate' };
    await expect(world.participants.add(id, m)).rejects.toMatchObject(twice);
    await expect(world.chats.patch(id, { moderator: { sessionId: a } })).rejects.toMatchObject(
      twice,
    );
  });

  it('gives each participant a handle of its own', async () => {
    const name = `Same ${randomUUID().slice(0, 8)}`;
    const sessions = [await world.session(name), await world.session(name)];
    const chat = await world.chat(sessions);
    const handle = name.replace(' ', '-');
    expect(chat.participants.map((each) => each.handle)).toEqual([handle, `${handle}-2`]);
    await world.say(chat.id, 'Go');
    await world.answer(chat.id, chat.moderator.sessionId, `@${handle}-2 go`);
    expect(await world.open(chat.id)).toMatchObject([{ sessionId: sessions[1] }]);
  });

  it('answers a repeated request with what it made the first time', async () => {
    const { id } = await setup();
    const messageId = randomUUID();
    const first = await world.conversation.post(id, messageId, { text: 'Once', readOnly: false });
    expect(await world.conversation.post(id, messageId, { text: 'Once', readOnly: false })).toEqual(
      first,
    );
    expect(await world.said(id)).toEqual(['user: Once']);
  });
});
