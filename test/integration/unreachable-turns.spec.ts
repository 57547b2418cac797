import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Remote } from '../../src/modules/remotes/index.js';
import { type Turn } from '../../src/modules/sessions/index.js';
import { sshdAvailable, type TestSshd } from '../support/sshd.js';
import { describeStores } from '../support/stores.js';
import { remoteBody, SessionsWorld } from './sessions.world.js';

const LIMIT_MS = 120_000;

const suite = sshdAvailable()
  ? describeStores
  : (title: string, tests: (kind: 'embedded') => void): void => {
      describe.skip(`${title} (this machine has no sshd)`, () => {
        tests('embedded');
      });
    };

suite('a turn whose remote cannot be used', (kind) => {
  let world: SessionsWorld;
  let sshd: TestSshd;
  beforeAll(async () => {
    world = await SessionsWorld.open(kind);
    sshd = world.sshd as TestSshd;
  }, 120_000);
  afterAll(() => world.close());
  afterEach(() => {
    sshd.proxy.mode = 'pass';
  });

  const add = (name: string): Promise<Remote> =>
    world.api.post<Remote>('/remotes', remoteBody(sshd, name));
  const patch = (remote: Remote, change: object): Promise<object> =>
    world.api.ok('PATCH', `/remotes/${remote.id}`, change);
  const waits = (turn: Turn, state: Turn['state'], why: RegExp): Promise<Turn> =>
    world.api.until<Turn>(
      `/turns/${turn.id}`,
      (now) => now.state === state && why.test(now.waiting?.code ?? ''),
      LIMIT_MS,
    );
  const wrongKey = async (): Promise<object> => ({
    privateKeyPath: null,
    privateKey: await readFile(join(sshd.dir, 'host_key'), 'utf8'),
  });
  const rightKey = (): object => ({ privateKeyPath: sshd.clientKeyPath, privateKey: null });

  it(
    'waits in the queue, says why, can be cancelled at once, and runs once when the remote is back',
    async () => {
      const stage = await world.stage();
      const session = await world.actor('ssh', stage, { remoteId: (await add('away')).id });
      sshd.proxy.mode = 'refuse';
      sshd.cutConnections();
      const [first, second] = [
        await world.ask(session, 'first'),
        await world.ask(session, 'second'),
      ];
      const waiting = await waits(first, 'queued', /^ssh\//);
      expect(waiting).toMatchObject({ attempts: 0, error: null });
      const cancelled = await world.api.post<Turn>(`/turns/${first.id}/cancel`);
      expect(['cancelled', 'stopping']).toContain(cancelled.state);
      expect(await world.ended(first)).toMatchObject({ state: 'cancelled', waiting: null });
      await waits(second, 'queued', /^ssh\//);
      sshd.proxy.mode = 'pass';
      expect(await world.ended(second, LIMIT_MS)).toMatchObject({
        state: 'completed',
        attempts: 1,
        waiting: null,
      });
      expect(await world.starts(stage)).toEqual(['second']);
      const events = await world.events(`session:${session.id}`);
      const types = events
        .filter(({ data, type }) => data.turnId === second.id && type !== 'turn.output')
        .map(({ type }) => type);
      // Once more for each other reason.
      expect(types.filter((type, index) => type !== types[index - 1])).toEqual([
        'turn.queued',
        'turn.waiting',
        'turn.started',
        'turn.completed',
      ]);
    },
    LIMIT_MS * 3,
  );

  // What follows is the same wherever the queue is kept.
  if (kind === 'external') return;

  it(
    'fails with its reason when it cannot have begun and the login is refused in the end',
    async () => {
      const remote = await add('disabled');
      const stage = await world.stage();
      const session = await world.actor('ssh', stage, { remoteId: remote.id });
      sshd.proxy.mode = 'refuse';
      sshd.cutConnections();
      const turn = await world.ask(session, 'never');
      await waits(turn, 'queued', /^ssh\//);
      await patch(remote, { enabled: false });
      await waits(turn, 'queued', /^remotes\/disabled$/);
      await patch(remote, { enabled: true, ...(await wrongKey()) });
      sshd.proxy.mode = 'pass';
      expect(await world.ended(turn, LIMIT_MS)).toMatchObject({
        state: 'failed',
        error: { code: 'ssh/auth-failed' },
        waiting: null,
      });
      expect(await world.starts(stage)).toEqual([]);
    },
    LIMIT_MS * 3,
  );

  it(
    'goes on when it runs, says why it is not heard, and is heard again when a person has mended the login',
    async () => {
      const remote = await add('locked out');
      const stage = await world.stage();
      const session = await world.actor('ssh', stage, { remoteId: remote.id });
      const turn = await world.ask(session, 'gate open');
      await world.reaches(turn, 'running');
      await patch(remote, await wrongKey());
      await waits(turn, 'running', /^ssh\/auth-failed$/);
      await world.openGate(stage, 'open');
      await patch(remote, rightKey());
      expect(await world.ended(turn, LIMIT_MS)).toMatchObject({
        state: 'completed',
        attempts: 1,
        waiting: null,
      });
      expect(await world.starts(stage)).toEqual(['gate open']);
    },
    LIMIT_MS * 3,
  );
});
