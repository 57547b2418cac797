import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Remote } from '../../src/modules/remotes/index.js';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { sshdAvailable, type TestSshd } from '../support/sshd.js';
import { describeStores } from '../support/stores.js';
import { SessionsWorld } from './sessions.world.js';

/**
 * Seconds for which the cable is out. The turn's clocks are shortened with it: the silence that it may keep, and in long
 * outages the time that it may take in all, end while it is out, as 20 minutes are longer than many sessions allow.
 */
const OUTAGE_S = Number(process.env['CABLE_PULL_S'] ?? 12);
const LIMIT_MS = 180_000 + OUTAGE_S * 3_000;
const LIMITS = {
  silenceMs: 5_000,
  ...(OUTAGE_S >= 60 ? { absoluteMs: (OUTAGE_S - 5) * 1_000 } : {}),
};

/** Of the 300 words: it must still be speaking when the cable is pulled, however slow this machine is. */
const PACE_MS = OUTAGE_S >= 60 ? (OUTAGE_S * 1_000) / 600 : 100;

const suite = sshdAvailable()
  ? describeStores
  : (title: string, tests: (kind: 'embedded') => void): void => {
      describe.skip(`${title} (this machine has no sshd)`, () => {
        tests('embedded');
      });
    };

suite('a cable that is pulled in the middle of a turn', (kind) => {
  let world: SessionsWorld;
  let sshd: TestSshd;
  beforeAll(async () => {
    // A half-open link is found out after three of these.
    world = await SessionsWorld.open(kind, { MAESTRO_SSH_KEEPALIVE_MS: '1000' });
    sshd = world.sshd as TestSshd;
  }, 120_000);
  afterAll(() => world.close());
  afterEach(() => {
    sshd.proxy.mode = 'pass';
  });

  const remote = (): Promise<Remote> => world.api.get<Remote>(`/remotes/${world.remote?.id ?? ''}`);
  const connection = async (session: Session): Promise<string | undefined> =>
    (await world.api.get<Session>(`/sessions/${session.id}`)).connection?.status;
  const isSo = async (condition: () => Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + LIMIT_MS;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error('It did not come to it');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  const pulls: [string, () => void][] = [
    [
      'resets',
      () => {
        sshd.proxy.mode = 'refuse';
        sshd.proxy.cut();
      },
    ],
    [
      'says nothing any more',
      () => {
        sshd.proxy.mode = 'blackhole';
      },
    ],
  ];

  it.each(pulls)(
    'leaves it running when the link %s, for longer than any of its clocks, and misses nothing',
    async (_how, pull) => {
      const stage = await world.stage();
      const words = Array.from({ length: 300 }, (_, index) => `word${String(index)}`).join(' ');
      const session = await world.demo('ssh', stage, {
        env: { MAESTRO_DEMO_PACE_MS: String(PACE_MS) },
        limits: LIMITS,
      });
      const turn = await world.ask(session, `%% say ${words}`);
      const stream = `session:${session.id}`;
      await isSo(async () =>
        (await world.events(stream)).some(({ type }) => type === 'turn.output'),
      );
      pull();
      const pulledAt = Date.now();
      await isSo(async () => (await remote()).state.status === 'offline');
      expect(await connection(session)).toBe('offline');
      while (Date.now() < pulledAt + OUTAGE_S * 1_000) {
        const now = await world.api.get<Turn>(`/turns/${turn.id}`);
        expect(now).toMatchObject({ state: 'running', error: null });
        expect((await remote()).state.status).toBe('offline');
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      const waiting = await world.api.get<Turn>(`/turns/${turn.id}`);
      expect(waiting.waiting?.code).toMatch(/^ssh\//);

      sshd.proxy.mode = 'pass';
      const ended = await world.ended(turn, LIMIT_MS);
      expect(ended).toMatchObject({ state: 'completed', attempts: 1, waiting: null, text: words });
      expect(await world.demoStarts(stage)).toBe(1);
      await isSo(async () => (await connection(session)) === 'online');

      const events = await world.events(stream);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, index) => index + 1));
      expect(events.map(({ data }) => data.text ?? '').join('')).toBe(words);
      const told = events.filter(({ type }) => type === 'turn.waiting');
      expect(told.map(({ data }) => data.turn?.state)).toEqual(['running', 'running']);
      expect(told.map(({ data }) => data.turn?.waiting === null)).toEqual([false, true]);
      const types = events.map(({ type }) => type);
      expect(types.filter((type) => type === 'turn.started')).toHaveLength(1);
      expect(types.at(-2)).toBe('turn.completed');
    },
    LIMIT_MS * 2,
  );

  // What follows is the same wherever the queue is kept.
  if (kind === 'external') return;

  it(
    'leaves it running although the server is started anew meanwhile',
    async () => {
      const stage = await world.stage();
      const session = await world.actor('ssh', stage, { limits: LIMITS });
      const turn = await world.ask(session, 'gate later');
      await world.reaches(turn, 'running');
      sshd.proxy.mode = 'refuse';
      sshd.proxy.cut();
      await isSo(async () => (await remote()).state.status === 'offline');
      await isSo(async () => (await world.api.get<Turn>(`/turns/${turn.id}`)).waiting !== null);
      await world.server.restart();
      await isSo(async () => (await remote()).state.status === 'offline');
      const restartedAt = Date.now();
      while (Date.now() < restartedAt + OUTAGE_S * 1_000) {
        expect(await world.api.get(`/turns/${turn.id}`)).toMatchObject({ state: 'running' });
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      await world.openGate(stage, 'later');
      sshd.proxy.mode = 'pass';
      expect(await world.ended(turn, LIMIT_MS)).toMatchObject({
        state: 'completed',
        attempts: 1,
        waiting: null,
      });
      expect(await world.starts(stage)).toEqual(['gate later']);
    },
    LIMIT_MS * 2,
  );
});
