import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { type HostKey } from '../../src/hosts/index.js';
import { migrations } from '../../src/migrations/index.js';
import { HostKeys } from '../../src/modules/remotes/host-keys.js';
import { RemoteStates } from '../../src/modules/remotes/remote-states.js';
import { untried } from '../../src/modules/remotes/remote.js';
import { RemoteEntity, type RemoteRow } from '../../src/modules/remotes/storage/remote.entity.js';
import { RemotesRepository } from '../../src/modules/remotes/storage/remotes.repository.js';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/index.js';
import { Database } from '../../src/platform/database/index.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { type Doorbell } from '../../src/platform/events/doorbell.js';
import { EventLog } from '../../src/platform/events/index.js';

const BASTION = 'bastion.example.org:22';

const aKey = (name: string): HostKey => ({
  type: 'ssh-ed25519',
  fingerprint: `SHA256:${name}`,
  blob: Buffer.from(name),
});

describe('the host keys of a remote and of the hosts on the way', () => {
  let stop: () => Promise<void>;
  let database: Database;
  let remotes: RemotesRepository;
  let hostKeys: HostKeys;

  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'maestro-host-keys-'));
    const postgres = await startEmbeddedPostgres({ dir, log: () => undefined, fsync: false });
    const source = await new DataSource({
      type: 'postgres',
      url: postgres.url,
      entities: [RemoteEntity],
      migrations,
      installExtensions: false,
      parseInt8: true,
    }).initialize();
    await migrate(source);
    database = new Database(source);
    remotes = new RemotesRepository(database);
    const log = new EventLog(database, { ring: () => undefined } as unknown as Doorbell);
    hostKeys = new HostKeys(database, remotes, new RemoteStates(database, remotes, log));
    stop = async () => {
      await source.destroy();
      await postgres.stop();
      await rm(dir, { recursive: true, force: true });
    };
  }, 60_000);
  afterAll(() => stop());

  const aRemote = async (hostKeyPolicy: RemoteRow['hostKeyPolicy']): Promise<string> => {
    const id = uuid();
    const now = new Date();
    await remotes.insert(database, {
      ...{ id, name: id, host: 'inner', port: null, username: null, privateKeyPath: null },
      ...{ privateKey: null, passphrase: null, workingDirectory: null, env: '', envNames: [] },
      ...{ enabled: true, useSshConfig: true, hostKeyPolicy, isDefault: false },
      ...{ hostKey: null, offeredHostKey: null, hopKeys: {}, state: untried() },
      ...{ createdAt: now, updatedAt: now },
    });
    return id;
  };

  it('are pinned at first sight, each under its own name', async () => {
    const id = await aRemote('accept-new');
    expect(await hostKeys.verify(id, aKey('bastion'), BASTION)).toBe('accept');
    expect(await hostKeys.verify(id, aKey('inner'), null)).toBe('accept');
    expect(await hostKeys.of(id)).toMatchObject({
      pinned: { fingerprint: 'SHA256:inner' },
      hops: [{ host: BASTION, pinned: { fingerprint: 'SHA256:bastion' } }],
    });
    // The key of one proves nothing about the other.
    expect(await hostKeys.verify(id, aKey('inner'), BASTION)).toMatchObject({
      code: 'ssh/host-key-changed',
    });
    expect(await hostKeys.verify(id, aKey('bastion'), null)).toMatchObject({
      code: 'ssh/host-key-changed',
    });
  });

  it('of a host on the way count again after a person has accepted the changed one', async () => {
    const id = await aRemote('accept-new');
    await hostKeys.verify(id, aKey('bastion'), BASTION);
    expect(await hostKeys.verify(id, aKey('reinstalled'), BASTION)).toMatchObject({
      code: 'ssh/host-key-changed',
    });
    expect(await hostKeys.accept(id, 'SHA256:reinstalled')).toMatchObject({
      pinned: null,
      hops: [{ host: BASTION, pinned: { fingerprint: 'SHA256:reinstalled' } }],
    });
    expect(await hostKeys.verify(id, aKey('reinstalled'), BASTION)).toBe('accept');
    expect(await hostKeys.verify(id, aKey('bastion'), BASTION)).toMatchObject({
      code: 'ssh/host-key-changed',
    });
  });

  it('are unknown under the strict policy until a person has compared each of them', async () => {
    const id = await aRemote('strict');
    expect(await hostKeys.verify(id, aKey('bastion'), BASTION)).toEqual({
      code: 'ssh/host-key-unknown',
      detail: 'it is SHA256:bastion',
    });
    await hostKeys.accept(id, 'SHA256:bastion');
    expect(await hostKeys.verify(id, aKey('bastion'), BASTION)).toBe('accept');
    expect(await hostKeys.verify(id, aKey('bastion'), 'another.example.org:22')).toMatchObject({
      code: 'ssh/host-key-unknown',
    });
    await expect(hostKeys.accept(id, 'SHA256:never-seen')).rejects.toMatchObject({
      code: 'remotes/host-key-not-offered',
    });
  });
});
