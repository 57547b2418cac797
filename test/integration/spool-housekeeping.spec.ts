import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { type Host, HostFailure, localHost } from '../../src/hosts/index.js';
import { migrations } from '../../src/migrations/index.js';
import { type RemoteHosts } from '../../src/modules/remotes/index.js';
import { RemoveSpoolsWorker } from '../../src/modules/sessions/drive/remove-spools.worker.js';
import { SpoolHousekeeping } from '../../src/modules/sessions/drive/spool-housekeeping.js';
import { TurnDrive } from '../../src/modules/sessions/drive/turn-drive.js';
import { RemoveScratchWorker } from '../../src/modules/sessions/scratch/remove-scratch.worker.js';
import { ScratchDirectories } from '../../src/modules/sessions/scratch/scratch-directories.js';
import { ScratchDirectoriesRepository } from '../../src/modules/sessions/storage/scratch-directories.repository.js';
import { ScratchDirectoryEntity } from '../../src/modules/sessions/storage/scratch-directory.entity.js';
import { SessionEntity } from '../../src/modules/sessions/storage/session.entity.js';
import { TurnEntity } from '../../src/modules/sessions/storage/turn.entity.js';
import { TurnsRepository } from '../../src/modules/sessions/storage/turns.repository.js';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/index.js';
import { Database } from '../../src/platform/database/index.js';
import { type JobQueue } from '../../src/platform/queue/index.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { until } from '../hosts/conformance/subject.js';

const DAY_MS = 86_400_000;

let dir: string;
let host: Host;
let database: Database;
let stop: () => Promise<void>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'maestro-spools-'));
  host = localHost({ home: join(dir, 'home'), environment: process.env });
  const postgres = await startEmbeddedPostgres({
    ...{ dir: join(dir, 'data'), fsync: false },
    log: () => undefined,
  });
  const source = await new DataSource({
    ...{
      type: 'postgres',
      url: postgres.url,
      entities: [ScratchDirectoryEntity, SessionEntity, TurnEntity],
      migrations,
    },
    ...{ installExtensions: false, parseInt8: true },
  }).initialize();
  await migrate(source);
  database = new Database(source);
  stop = async () => {
    await source.destroy();
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  };
}, 60_000);
afterAll(() => stop());

const aSession = (id: string): Promise<unknown> =>
  database.query(
    `INSERT INTO sessions (id, name, agent, cwd, env, env_names, args, limits, created_at, updated_at)
     VALUES ($1, 's', 'demo', '/x', '', '[]', '[]', '{}', now(), now())`,
    [id],
  );

/** A turn of this machine that has run to its end there long ago, whatever the database says of it. */
const aTurnLongAgo = async (state: string): Promise<string> => {
  const turn = { id: uuid(), attempts: 1, nonce: '0123456789abcdef' };
  const sessionId = uuid();
  await aSession(sessionId);
  await database.query(
    `INSERT INTO turns (id, session_id, kind, state, prompt, read_only, fresh, working_tree, nonce, attempts, queued_at)
     VALUES ($1::uuid, $2, 'message', $3, 'x', false, false, $1::text, $4, $5, now())`,
    [turn.id, sessionId, state, turn.nonce, turn.attempts],
  );
  const run = TurnDrive.runKey(turn);
  const spec = { ...run, argv: ['true'] as const, env: {}, cwd: '/', stdin: Buffer.alloc(0) };
  for await (const event of host.runs.start(spec)) {
    if (event.type === 'ended') expect(event.verdict).toMatchObject({ exitCode: 0 });
  }
  // The last file of a run comes just after its last word.
  await until(async () => (await host.runs.status(run)).kind === 'exited');
  const old = new Date(Date.now() - 10 * DAY_MS);
  const files = (await spools()).filter((name) => name.startsWith(run.id));
  for (const name of files) await utimes(join(dir, 'home/.maestro/runs', name), old, old);
  return run.id;
};

const spools = (): Promise<string[]> => readdir(join(dir, 'home/.maestro/runs'));
const spoolsOf = async (run: string): Promise<string[]> =>
  (await spools()).filter((name) => name.startsWith(run));
const runsLeft = async (): Promise<string[]> => [
  ...new Set((await spools()).map((name) => name.replace(/\..*/, ''))),
];

it('removes what runs have left on a used host, once a day, but never of a turn that is open', async () => {
  const used: Host[] = [];
  const hosts = { inUse: () => used } as unknown as RemoteHosts;
  const housekeeping = new SpoolHousekeeping(
    hosts,
    new TurnsRepository(database),
    new ScratchDirectoriesRepository(database),
  );
  const open = await aTurnLongAgo('running');
  const over = await aTurnLongAgo('completed');
  const today = Date.now();
  await housekeeping.sweep(today);
  expect((await runsLeft()).sort()).toEqual([open, over].sort());
  used.push(host);
  await housekeeping.sweep(today);
  expect(await runsLeft()).toEqual([open]);
  const next = await aTurnLongAgo('failed');
  await housekeeping.sweep(today + DAY_MS / 2);
  expect((await runsLeft()).sort()).toEqual([open, next].sort());
  await housekeeping.sweep(today + DAY_MS);
  expect(await runsLeft()).toEqual([open]);
});

it('removes what an ended turn left as soon as its host can be asked', async () => {
  let away = true;
  const resolve = (): Promise<Host> =>
    away ? Promise.reject(new HostFailure('host/unsuitable', 'away')) : Promise.resolve(host);
  const turns = new TurnsRepository(database);
  const worker = new RemoveSpoolsWorker(turns, { resolve } as unknown as RemoteHosts);
  const run = await aTurnLongAgo('completed');
  const turnId = run.replace(/-1$/, '');
  const spools = JSON.stringify([{ attempt: 1, fence: true }]);
  await database.query('UPDATE turns SET spools = $2 WHERE id = $1', [turnId, spools]);
  expect(await worker.due()).toEqual([turnId]);
  await worker.handle(turnId);
  expect(await runsLeft()).toContain(run);
  expect(await turns.withSpools()).toEqual([turnId]);
  away = false;
  await worker.handle(turnId);
  expect(await spoolsOf(run)).toEqual([`${run}.fence`]);
  expect(await turns.withSpools()).toEqual([]);
});

it('removes the scratch directory of a session that is gone as soon as its host can be asked', async () => {
  let away = true;
  const resolve = (): Promise<Host> =>
    away ? Promise.reject(new HostFailure('host/unsuitable', 'away')) : Promise.resolve(host);
  const rows = new ScratchDirectoriesRepository(database);
  const rung: string[] = [];
  const jobs = { ring: (job: string, name: string) => rung.push(`${job} ${name}`) };
  const scratch = new ScratchDirectories(rows, jobs as unknown as JobQueue);
  const worker = new RemoveScratchWorker(rows, { resolve } as unknown as RemoteHosts);
  const sessionId = uuid();
  await aSession(sessionId);
  const path = await scratch.enter(sessionId, null, host);
  expect(await scratch.enter(sessionId, null, host)).toBe(path);
  expect(await scratch.enter(sessionId, uuid(), host)).not.toBe(path);
  const name = basename(path);
  await worker.handle(name);
  expect(await rows.released()).toEqual([]);
  await database.transaction((tx) => scratch.release(tx, sessionId));
  expect(rung).toContain(`${worker.job.name} ${name}`);
  expect(await worker.due()).toContain(name);
  await worker.handle(name);
  expect((await readdir(dirname(path))).includes(name)).toBe(true);
  away = false;
  for (const left of await rows.released()) await worker.handle(left);
  expect(await readdir(dirname(path))).toEqual([]);
  expect(await rows.released()).toEqual([]);
  expect(await scratch.enter(sessionId, null, host)).not.toBe(path);
});

it('removes all that the attempts of a turn have left', async () => {
  const turns = new TurnsRepository(database);
  const hosts = { resolve: () => Promise.resolve(host) } as unknown as RemoteHosts;
  const worker = new RemoveSpoolsWorker(turns, hosts);
  const run = await aTurnLongAgo('completed');
  const turnId = run.replace(/-1$/, '');
  const spools = JSON.stringify([
    { attempt: 1, fence: false },
    { attempt: 2, fence: true },
  ]);
  await database.query('UPDATE turns SET spools = $2 WHERE id = $1', [turnId, spools]);
  await worker.handle(turnId);
  expect(await spoolsOf(turnId)).toEqual([`${turnId}-2.fence`]);
  expect(await turns.withSpools()).toEqual([]);
});

it('leaves the files of a postponed turn to its next start, and removes them when it has ended', async () => {
  const turns = new TurnsRepository(database);
  const hosts = { resolve: () => Promise.resolve(host) } as unknown as RemoteHosts;
  const worker = new RemoveSpoolsWorker(turns, hosts);
  const sessionId = uuid();
  await aSession(sessionId);
  const turn = { id: uuid(), attempts: 2, nonce: '0123456789abcdef' };
  const run = TurnDrive.runKey(turn);
  await host.runs.put(run, [{ name: 'prompt', content: Buffer.from('secret') }]);
  const spools = JSON.stringify([{ attempt: 2, fence: false }]);
  await database.query(
    `INSERT INTO turns (id, session_id, kind, state, prompt, read_only, fresh, working_tree, nonce, attempts, queued_at, spools)
     VALUES ($1::uuid, $2, 'message', 'queued', 'x', false, false, $1::text, $3, 1, now(), $4)`,
    [turn.id, sessionId, turn.nonce, spools],
  );
  const leftAs = async (state: string, attempts: number): Promise<string[]> => {
    const change = 'UPDATE turns SET state = $2, attempts = $3 WHERE id = $1';
    await database.query(change, [turn.id, state, attempts]);
    await worker.handle(turn.id);
    return spoolsOf(run.id);
  };
  expect(await leftAs('queued', 1)).toEqual([`${run.id}.files`]);
  expect(await leftAs('starting', 2)).toEqual([`${run.id}.files`]);
  expect(await leftAs('stopping', 2)).toEqual([`${run.id}.files`]);
  expect(await leftAs('cancelled', 1)).toEqual([]);
  expect((await turns.find(turn.id))?.spools).toBeNull();
});

it('comes to every turn in time, however many are left on a host that is never there', async () => {
  const turns = new TurnsRepository(database);
  const sessionId = uuid();
  await database.query(
    `INSERT INTO sessions (id, name, agent, cwd, env, env_names, args, limits, created_at, updated_at)
     VALUES ($1, 's', 'demo', '/x', '', '[]', '[]', '{}', now(), now())`,
    [sessionId],
  );
  const left = async (remoteId: string | null, count: number): Promise<string[]> => {
    const ids = Array.from({ length: count }, () => uuid());
    await database.query(
      `INSERT INTO turns (id, session_id, kind, state, prompt, read_only, fresh, working_tree, nonce, queued_at,
         remote_id, spools)
       SELECT id, $2, 'message', 'completed', 'x', false, false, '', '', now(), $3, '[{"attempt": 1}]'
       FROM unnest($1::uuid[]) AS t(id)`,
      [ids, sessionId, remoteId],
    );
    return ids;
  };
  const away = await left(uuid(), 300);
  const later = [...(await left(uuid(), 5)), ...(await left(null, 5))];
  const first = await turns.withSpools();
  expect(first).toEqual(expect.arrayContaining(later));
  expect(first.length).toBeLessThan(50);
  const seen = new Set(first);
  for (let looks = 0; looks < 1_000 && seen.size < 310; looks += 1) {
    for (const id of await turns.withSpools()) seen.add(id);
  }
  expect([...seen].sort()).toEqual([...away, ...later].sort());
});
