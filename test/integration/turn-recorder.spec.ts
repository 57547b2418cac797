import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import { DemoAdapter } from '../../src/agents/demo/demo-adapter.js';
import { type ParserState } from '../../src/agents/index.js';
import { freshState } from '../../src/agents/stream/parser-state.js';
import { type RunEvent } from '../../src/hosts/index.js';
import { SshFailure, type SshErrorCode } from '../../src/hosts/ssh/errors.js';
import { TurnDrive } from '../../src/modules/sessions/drive/turn-drive.js';
import { type TurnPlan } from '../../src/modules/sessions/drive/turn-plan.js';
import { postponed } from '../../src/modules/sessions/drive/turn-ending.js';
import { type TurnLedger } from '../../src/modules/sessions/drive/turn-ledger.js';
import { TurnRecorder, TurnTaken } from '../../src/modules/sessions/drive/turn-recorder.js';
import { TurnClaims } from '../../src/modules/sessions/storage/turn-claims.js';
import { type TurnEntity, type TurnRow } from '../../src/modules/sessions/storage/turn.entity.js';
import { type TurnsRepository } from '../../src/modules/sessions/storage/turns.repository.js';
import { type TurnEvents } from '../../src/modules/sessions/turn-events.js';
import { type Config } from '../../src/platform/config/index.js';
import { type Database } from '../../src/platform/database/index.js';
import { type EventLog } from '../../src/platform/events/index.js';
import { type Presence } from '../../src/platform/queue/index.js';
import { turn } from '../support/run-agent.js';
import { TurnsWorld } from './turns.world.js';

describe('what is written of a turn', () => {
  let world: TurnsWorld;
  let database: Database;
  let log: EventLog;
  let turns: TurnsRepository;
  let events: TurnEvents;
  let claims: TurnClaims;
  let ledger: TurnLedger;
  beforeAll(async () => {
    world = await TurnsWorld.open();
    ({ database, log, turns, events, claims, ledger } = world);
  }, 60_000);
  afterAll(() => world.close());

  const aSession = (): Promise<string> => world.session();
  const aTurn = (sessionId: string, more: Partial<TurnRow> = {}): Promise<string> =>
    world.turn(sessionId, more);
  const setup = async () => {
    const sessionId = await aSession();
    const claimed = await world.claimed(await aTurn(sessionId));
    return {
      ...claimed,
      stored: () => world.stored(claimed.row.id),
      told: (limit?: number) => world.told(sessionId, limit),
    };
  };
  const state = (text: string): ParserState => ({
    ...freshState(),
    text,
  });

  it('is its events, its parser and its offset at once, joined into few', async () => {
    const { recorder, stored, told } = await setup();
    recorder.said(state('a'), [{ type: 'text', text: 'a' }], 10, 10);
    recorder.said(state('ab'), [{ type: 'text', text: 'b' }], 20, 10);
    const tool = { type: 'tool', id: 't', name: 'Bash', phase: 'started', summary: null } as const;
    recorder.said(state('ab'), [tool, { type: 'text', text: 'c' }], 30, 10);
    recorder.complained(Buffer.from('oh'), 2);
    await recorder.flush();
    expect(await stored()).toMatchObject({
      ...{ stdoutOffset: 30, stderrOffset: 2, stderrTail: 'oh', parser: state('ab') },
    });
    expect((await told()).map(({ seq, type, data }) => [seq, type, data])).toMatchObject([
      [1, 'turn.output', { text: 'ab' }],
      [2, 'turn.tool', { tool: { id: 't', name: 'Bash', phase: 'started' } }],
      [3, 'turn.output', { text: 'c' }],
    ]);
  });

  it('is written at once, however many events it is, and tells what nobody knows not for ever', async () => {
    const { recorder, told } = await setup();
    const appended = jest.spyOn(log, 'appendAll');
    const unknown = Array.from({ length: 150 }, (_, n) => ({
      ...({ type: 'unknown', name: 'odd', raw: `${n}` } as const),
    }));
    const other = { type: 'unknown', name: 'other', raw: 'x' } as const;
    recorder.said(state('a'), [...unknown, other], 10, 10);
    await recorder.flush();
    expect(appended).toHaveBeenCalledTimes(1);
    appended.mockRestore();
    const raws = (await told(200)).map(({ data }) => (data as { raw: string }).raw);
    expect(raws).toHaveLength(101);
    expect(raws.slice(98)).toEqual(['98', 'More of these are not shown.', 'x']);
  });

  it('is not for one who was overtaken before he had read what he claimed', async () => {
    const id = await aTurn(await aSession());
    const slow = Object.create(database, {
      of: {
        value: (entity: typeof TurnEntity) => ({
          findOneByOrFail: async (where: { id: string }) => {
            await claims.release([{ turnId: id, fence: 1 }], 0);
            expect(await claims.claim(id)).toMatchObject({ row: { fence: 2 } });
            return database.of(entity).findOneByOrFail(where);
          },
        }),
      },
    }) as Database;
    const presence = { number: () => Promise.resolve(2) } as unknown as Presence;
    const overtaken = new TurnClaims(slow, presence, { leaseMs: 60_000 } as Config);
    expect(await overtaken.claim(id)).toBeNull();
    expect(await turns.find(id)).toMatchObject({ fence: 2, worker: 1 });
  });

  it('is void, event and offset, once another worker has taken the turn', async () => {
    const { recorder, row, failures, stored, told } = await setup();
    await claims.release([{ turnId: row.id, fence: row.fence }], 0);
    expect(await claims.claim(row.id)).toMatchObject({ begun: false });
    recorder.said(state('a'), [{ type: 'text', text: 'a' }], 10, 10);
    await expect(recorder.flush()).rejects.toThrow(TurnTaken);
    expect(failures).toEqual([expect.any(TurnTaken)]);
    const change = recorder.change(
      () => ({ state: 'completed' }),
      () => Promise.resolve(),
    );
    await expect(change).rejects.toThrow(TurnTaken);
    expect(await stored()).toMatchObject({ state: 'starting', stdoutOffset: 0, parser: null });
    expect(await told()).toEqual([]);
  });

  it('holds whatever bytes an agent prints', async () => {
    const { recorder, row, stored, told } = await setup();
    const wild = 'a\0b\uD800c';
    recorder.said(state(wild), [{ type: 'text', text: wild }], 10, 10);
    recorder.complained(Buffer.from([0x6f, 0x00, 0xff]), 3);
    await recorder.change(
      () => ({ text: row.parser?.text ?? null }),
      () => Promise.resolve(),
    );
    expect(await stored()).toMatchObject({ text: 'a\uFFFDb\uFFFDc' });
    expect((await told())[0]?.data).toMatchObject({ text: 'a\uFFFDb\uFFFDc' });
  });

  it('is decided on what others have ordered meanwhile', async () => {
    const { recorder, row, stored } = await setup();
    const order = { reason: 'cancelled' as const, at: 'now', proved: false };
    await turns.update(database, row.id, { state: 'stopping', stop: order });
    await recorder.change(
      (current) => ({ state: current.stop ? 'cancelled' : 'completed' }),
      () => Promise.resolve(),
    );
    expect(await stored()).toMatchObject({ state: 'cancelled', stop: order });
  });

  it('belongs to one worker of many who ask for it', async () => {
    const id = await aTurn(await aSession());
    const all = await Promise.all(Array.from({ length: 10 }, () => claims.claim(id)));
    expect(all.filter((claim) => claim !== null)).toHaveLength(1);
  });

  it('is done by one writer of a directory, also when two are claimed at once', async () => {
    const [one, two] = [await aSession(), await aSession()];
    const workingTree = `local:/${uuid()}`;
    // A limited turn and a queued one both may go on: none of the two is behind the other.
    const limited = { state: 'limited', resumesAt: new Date(0) } as const;
    const ids = [
      await aTurn(one, { workingTree, ...limited }),
      await aTurn(two, { workingTree, ...limited }),
    ];
    const all = await Promise.all(ids.map((id) => claims.claim(id)));
    expect(all.filter((claim) => claim !== null)).toHaveLength(1);
  });

  it('goes on after a limit before those who came later to its directory', async () => {
    const workingTree = `local:/${uuid()}`;
    const anHourAhead = new Date(Date.now() + 3_600_000);
    const limited = { state: 'limited', workingTree, resumesAt: new Date(0) } as const;
    const active = await aTurn(await aSession(), { workingTree });
    expect(await claims.claim(active)).not.toBeNull();
    const waiting = await aTurn(await aSession(), { ...limited, retryAt: anHourAhead });
    const resuming = await aTurn(await aSession(), limited);
    const later = await aTurn(await aSession(), { workingTree });
    expect(await claims.claim(resuming)).toBeNull();
    await turns.update(database, active, { state: 'completed', leaseUntil: null });
    const next = (turn: string): Promise<string[]> =>
      database.transaction(async (tx) =>
        claims.nextAfter((await turns.find(turn, tx)) as TurnRow, tx),
      );
    expect(await next(active)).toEqual([resuming]);
    expect(await claims.claim(later)).toBeNull();
    expect(await claims.claim(resuming)).toMatchObject({ begun: true });
    await turns.update(database, resuming, { state: 'completed', leaseUntil: null });
    // Nobody stands behind one whose time has not come.
    expect(await next(resuming)).toEqual([later]);
    expect(await claims.claim(later)).toMatchObject({ begun: true });
    expect(await turns.find(waiting)).toMatchObject({ state: 'limited', attempts: 0 });
  });

  it('is held by the lease of its driver only as long as it is being driven', async () => {
    const { row, stored } = await setup();
    const claim = { turnId: row.id, fence: row.fence };
    expect(await claims.renew([claim])).toEqual([]);
    await turns.update(database, row.id, { state: 'queued', leaseUntil: null });
    expect(await claims.renew([claim])).toEqual([row.id]);
    expect(await stored()).toMatchObject({ state: 'queued', leaseUntil: null });
  });

  it('is numbered without a gap, whoever writes and whatever is rolled back', async () => {
    const stream = `session:${uuid()}`;
    const write = (n: number): Promise<void> =>
      database.transaction(async (tx) => {
        await log.append(tx, stream, 'turn.output', { n });
        if (n % 3 === 0) throw new Error('rolled back');
      });
    await Promise.allSettled(Array.from({ length: 30 }, (_, n) => write(n)));
    const { events: kept, head } = await log.read(stream, 0, 100);
    expect(kept.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    expect(head).toBe(20);
  });

  const anHour = 3_600_000;
  const hoursAgo = (hours: number): Date => new Date(Date.now() - hours * anHour);
  const failure = (code: SshErrorCode): SshFailure =>
    new SshFailure(code, { name: 'devbox', host: 'devbox' });

  it('counts all of the time in which its host could not be heard, also when the reason changed', async () => {
    const { row, recorder, stored } = await setup();
    await turns.update(database, row.id, { state: 'running', startedAt: hoursAgo(5) });
    await ledger.unheard(recorder, failure('ssh/connection-lost'));
    const { waiting } = await stored();
    if (!waiting) throw new Error('It does not wait');
    const since = hoursAgo(4).toISOString();
    await turns.update(database, row.id, { waiting: { ...waiting, since } });
    await ledger.unheard(recorder, failure('ssh/timeout'));
    expect(await stored()).toMatchObject({ waiting: { code: 'ssh/timeout' } });

    // The next to drive it hears the host at once: of two hours, one is used.
    await claims.release([{ turnId: row.id, fence: row.fence }], 0);
    const claim = await claims.claim(row.id);
    if (!claim) throw new Error('The turn was not claimed');
    const next = new TurnRecorder(claim.row, database, turns, events, () => undefined);
    const [leave, expired] = [new AbortController(), [] as string[]];
    const plan = {
      ...{ row: claim.row, adapter: new DemoAdapter(), cwd: '/', env: {}, resumes: null },
      request: turn(''),
      limits: { silenceMs: anHour, absoluteMs: 2 * anHour },
      host: {
        runs: {
          async *follow(): AsyncGenerator<RunEvent> {
            yield { type: 'accepted', duplicate: true };
            // It may have been told to leave before it is asked what comes next.
            if (!leave.signal.aborted) await once(leave.signal, 'abort');
          },
        },
      },
    } as unknown as TurnPlan;
    const steps = {
      accepted: () => Promise.reject(new Error('It was accepted before')),
      unheard: () => Promise.resolve(),
      enters: () => Promise.resolve(),
      heardAgain: () => ledger.heardAgain(next),
      expired: ({ reason }: { reason: string }) => expired.push(reason),
    };
    const end = new TurnDrive(plan, next, leave.signal, steps, false).toTheEnd();
    end.catch(() => undefined);
    while ((await stored()).waiting !== null) await new Promise(setImmediate);
    leave.abort(new Error('enough'));
    await expect(end).rejects.toThrow('enough');
    expect(expired).toEqual([]);
    const { unreachableMs } = await stored();
    expect(unreachableMs).toBeGreaterThanOrEqual(4 * anHour);
    expect(unreachableMs).toBeLessThan(5 * anHour);
  });

  it('counts no time in which it had not begun', async () => {
    const { row, recorder, stored } = await setup();
    const waiting = { code: 'ssh/refused', message: '', since: hoursAgo(4).toISOString() };
    await turns.update(database, row.id, { waiting });
    await ledger.unheard(recorder, failure('ssh/timeout'));
    expect(await stored()).toMatchObject({ waiting: { code: 'ssh/timeout' }, unreachableMs: 0 });
    await turns.update(database, row.id, { waiting });
    await ledger.heardAgain(recorder);
    expect(await stored()).toMatchObject({ waiting: null, unreachableMs: 0 });
  });

  it('is waked by its host when it waits for that, not when it waits for its provider', async () => {
    const sessionId = await aSession();
    const remoteId = uuid();
    const waiting = (code: string) => ({ code, message: '', since: new Date().toISOString() });
    const retryAt = new Date(Date.now() + 3_600_000);
    const forHost = await aTurn(sessionId, { remoteId, retryAt, waiting: waiting('ssh/refused') });
    const provider = waiting('agent/overloaded');
    const forProvider = await aTurn(sessionId, { remoteId, retryAt, waiting: provider });
    expect(await claims.wake(remoteId)).toEqual([forHost]);
    expect(await turns.find(forProvider)).toMatchObject({ retryAt });
  });

  it('keeps what earlier attempts have left on their host until that is removed', async () => {
    const { row, recorder, stored } = await setup();
    const [first, third] = [1, 3].map((attempt) => ({ attempt, fence: attempt === 1 }));
    if (!first || !third) throw new Error('There are two');
    const postpone = (spools: typeof first | null): Promise<void> =>
      ledger.ended(recorder, row, (current) => postponed(current, null, 0), spools);
    await postpone({ attempt: 1, fence: false });
    await postpone(first);
    await postpone(null);
    expect((await stored()).spools).toEqual([first]);
    await postpone(third);
    expect((await stored()).spools).toEqual([first, third]);
    await turns.spoolsRemoved(row.id, 1);
    expect((await stored()).spools).toEqual([third]);
    await turns.spoolsRemoved(row.id, 3);
    expect((await stored()).spools).toBeNull();
  });
});
