import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { migrations } from '../../src/migrations/index.js';
import { RemoteStates } from '../../src/modules/remotes/remote-states.js';
import { type RemoteState, type SeenState, untried } from '../../src/modules/remotes/remote.js';
import { RemoteReportsRepository } from '../../src/modules/remotes/storage/remote-reports.repository.js';
import { RemoteEntity } from '../../src/modules/remotes/storage/remote.entity.js';
import { RemotesRepository } from '../../src/modules/remotes/storage/remotes.repository.js';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/index.js';
import { Database } from '../../src/platform/database/index.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { type Doorbell } from '../../src/platform/events/doorbell.js';
import { EventLog } from '../../src/platform/events/index.js';
import { type Presence } from '../../src/platform/queue/index.js';

const ME = 7;
const GONE = 6;
const REPORTS = 'RemoteReports1763800610000';

const seen = (change: Partial<SeenState> = {}): SeenState & { status: 'online' } => ({
  ...{ latencyMs: 3, transport: 'ssh2', transportReasons: [], error: null },
  ...change,
  status: 'online',
});

describe('What processes report of remotes', () => {
  let stop: () => Promise<void>;
  let source: DataSource;
  let database: Database;
  let remotes: RemotesRepository;
  let reports: RemoteReportsRepository;
  let states: RemoteStates;
  /** Remotes of the release before there were reports, by the status that they were left in. */
  const before = new Map<string, string>();

  const connect = (url: string, list: typeof migrations): Promise<DataSource> =>
    new DataSource({
      ...{ type: 'postgres', url, entities: [RemoteEntity], migrations: list },
      ...{ installExtensions: false, parseInt8: true },
    }).initialize();

  beforeAll(async () => {
    Logger.overrideLogger(false);
    const dir = await mkdtemp(join(tmpdir(), 'maestro-reports-'));
    const postgres = await startEmbeddedPostgres({ dir, log: () => undefined, fsync: false });
    const first = migrations.findIndex(({ name }) => name === REPORTS);
    const old = await connect(postgres.url, migrations.slice(0, first));
    await migrate(old);
    for (const status of ['online', 'offline', 'connecting', 'unknown', 'auth-failed']) {
      const id = uuid();
      before.set(status, id);
      await old.query(
        `INSERT INTO remotes (id, name, host, env, env_names, enabled, use_ssh_config, host_key_policy, is_default,
           state, created_at, updated_at)
         VALUES ($1::uuid, $1::text, 'box', '', '[]', true, false, 'accept-new', false, $2, now(), now())`,
        [id, { ...untried(), status, latencyMs: 5, since: '2026-01-01T00:00:00.000Z' }],
      );
    }
    await old.destroy();
    source = await connect(postgres.url, migrations);
    await migrate(source);
    database = new Database(source);
    remotes = new RemotesRepository(database);
    reports = new RemoteReportsRepository(database);
    const presence = { number: async () => ME, living: async () => [ME] } as unknown as Presence;
    const log = new EventLog(database, { ring: () => undefined } as unknown as Doorbell);
    states = new RemoteStates(database, remotes, log, presence, reports);
    stop = async () => {
      await source.destroy();
      await postgres.stop();
      await rm(dir, { recursive: true, force: true });
    };
  }, 60_000);
  afterAll(() => stop());

  const aRemote = async (): Promise<string> => {
    const [id, now] = [uuid(), new Date()];
    await remotes.insert(database, {
      ...{ id, name: id, host: 'box', port: null, username: null, privateKeyPath: null },
      ...{ privateKey: null, passphrase: null, workingDirectory: null, env: '', envNames: [] },
      ...{ enabled: true, useSshConfig: false, hostKeyPolicy: 'accept-new', isDefault: false },
      ...{ hostKey: null, offeredHostKey: null, hopKeys: {}, hostKeyLines: [] },
      ...{ state: untried(), createdAt: now, updatedAt: now },
    });
    return id;
  };
  const stateOf = async (id: string): Promise<RemoteState | undefined> =>
    (await remotes.find(id))?.state;
  const told = (id: string): Promise<unknown[]> =>
    database.query('SELECT FROM events WHERE stream = $1', [`remote:${id}`]);
  /** Reported by a process that is gone. */
  const orphan = async (usedBefore: string | null): Promise<string> => {
    const id = await aRemote();
    await reports.put(database, id, GONE, seen());
    await database.query(
      'UPDATE remotes SET state = $2, used_at = now() - $3::interval WHERE id = $1',
      [...[id, JSON.stringify({ ...seen(), since: new Date().toISOString() }), usedBefore]],
    );
    return id;
  };

  it('begin with the upgrade: what was said before is unknown, unless it waits for a person', async () => {
    const after = new Map<string, RemoteState | undefined>();
    for (const [status, id] of before) after.set(status, await stateOf(id));
    for (const status of ['online', 'offline', 'connecting']) {
      const { since, ...rest } = after.get(status) as RemoteState;
      expect({ since: '', ...rest }).toEqual({ ...untried(), since: '' });
      expect(new Date(since).toISOString()).toBe(since);
      expect(Date.now() - Date.parse(since)).toBeLessThan(600_000);
    }
    for (const status of ['unknown', 'auth-failed']) {
      expect(after.get(status)).toMatchObject({ status, since: '2026-01-01T00:00:00.000Z' });
    }
  });

  it('change the latency that is shown without an event, and tell every other change', async () => {
    const id = await aRemote();
    await states.report(id, seen());
    const events = (await told(id)).length;
    expect(events).toBeGreaterThan(0);
    for (const latencyMs of [80, 3, 200]) await states.report(id, seen({ latencyMs }));
    expect((await stateOf(id))?.latencyMs).toBe(200);
    expect(await told(id)).toHaveLength(events);
    await states.report(id, seen({ latencyMs: 200, transport: 'openssh' }));
    await states.report(id, seen({ transport: 'openssh', transportReasons: ['ProxyCommand'] }));
    expect(await told(id)).toHaveLength(events + 2);
  });

  it('are taken over from a process that is gone only of remotes that are still used', async () => {
    const [used, forgotten, never] = [
      await orphan('23 hours'),
      await orphan('25 hours'),
      await orphan(null),
    ];
    expect(await states.takeOver()).toEqual([used]);
    expect((await stateOf(used))?.status).toBe('connecting');
    for (const id of [forgotten, never]) expect((await stateOf(id))?.status).toBe('unknown');
  });

  it('are withdrawn of a remote that nobody needs, unless it is connected or waits for a person', async () => {
    const id = await aRemote();
    for (const status of ['online', 'degraded', 'auth-failed', 'host-key-changed'] as const) {
      await states.report(id, { ...seen(), status });
      expect(await states.rest(id)).toBe(false);
      expect((await stateOf(id))?.status).toBe(status);
    }
    await states.report(id, { ...seen(), status: 'offline' });
    expect(await states.rest(id)).toBe(true);
    expect((await stateOf(id))?.status).toBe('unknown');
    expect(await states.rest(id)).toBe(false);
  });
});
