import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuid } from 'uuid';
import {
  type HostKey,
  hostKeyName,
  publicKeyOf,
  type PublicKey,
  type SshTarget,
} from '../../src/hosts/index.js';
import { migrations } from '../../src/migrations/index.js';
import { HostKeyAlarms } from '../../src/modules/remotes/host-keys/host-key-alarms.js';
import { HostKeyDecisions } from '../../src/modules/remotes/host-keys/host-key-decisions.js';
import { HostKeys } from '../../src/modules/remotes/host-keys.js';
import { type RemoteStates } from '../../src/modules/remotes/remote-states.js';
import { untried } from '../../src/modules/remotes/remote.js';
import { RemoteEntity, type RemoteRow } from '../../src/modules/remotes/storage/remote.entity.js';
import { RemotesRepository } from '../../src/modules/remotes/storage/remotes.repository.js';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/index.js';
import { Database } from '../../src/platform/database/index.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { type Doorbell } from '../../src/platform/events/doorbell.js';
import { EventLog } from '../../src/platform/events/index.js';

const field = (content: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, Buffer.from(content)]);
};

/** A key that looks like one; `rsa` keys differ in type. */
const aKey = (name: string, type = 'ssh-ed25519'): PublicKey =>
  publicKeyOf(
    Buffer.concat([field(type), field(name), ...(type === 'ssh-rsa' ? [field(name)] : [])]),
  );

const certified = (name: string, authority: string): HostKey => ({
  ...aKey(name),
  authority: aKey(authority),
});

const lineOf = (hosts: string, { type, blob }: PublicKey): string =>
  `${hosts} ${type} ${blob.toString('base64')}\n`;

describe('the host keys of a remote and of the hosts on the way', () => {
  let dir: string;
  let stop: () => Promise<void>;
  let database: Database;
  let remotes: RemotesRepository;
  let hostKeys: HostKeys;
  let decisions: HostKeyDecisions;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    dir = await mkdtemp(join(tmpdir(), 'maestro-host-keys-'));
    const postgres = await startEmbeddedPostgres({
      dir: join(dir, 'postgres'),
      log: () => undefined,
      fsync: false,
    });
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
    hostKeys = new HostKeys(database, remotes, new HostKeyAlarms(log));
    const states = { tell: async () => undefined } as unknown as RemoteStates;
    decisions = new HostKeyDecisions(database, remotes, states);
    stop = async () => {
      await source.destroy();
      await postgres.stop();
      await rm(dir, { recursive: true, force: true });
    };
  }, 60_000);
  afterAll(() => stop());

  /** A remote `inner:2222` behind `bastion:22`, and what known_hosts says. */
  const aRemote = async (
    hostKeyPolicy: RemoteRow['hostKeyPolicy'],
    knownHosts = '',
  ): Promise<RemoteUnderTest> => {
    const id = uuid();
    const now = new Date();
    const row: RemoteRow = {
      ...{ id, name: id, host: 'inner', port: 2222, username: null, privateKeyPath: null },
      ...{ privateKey: null, passphrase: null, workingDirectory: null, env: '', envNames: [] },
      ...{ enabled: true, useSshConfig: false, hostKeyPolicy, isDefault: false },
      ...{ hostKey: null, offeredHostKey: null, hopKeys: {}, hostKeyLines: [] },
      ...{ state: untried(), createdAt: now, updatedAt: now },
    };
    await remotes.insert(database, row);
    const file = join(dir, id);
    await writeFile(file, knownHosts);
    const knownHostsFiles = [join(dir, 'is-not-there'), file];
    const way = { id, name: id, username: 'ada', privateKeys: [], knownHostsFiles };
    const bastion: SshTarget = { ...way, host: 'bastion', port: 22 };
    const inner: SshTarget = { ...way, host: 'inner', port: 2222, jumps: [bastion] };
    const sees = (key: HostKey, target: SshTarget): ReturnType<HostKeys['verify']> =>
      hostKeys.verify(row, key, target === bastion ? hostKeyName(bastion) : null, target);
    return {
      id,
      inner,
      bastion,
      sees,
      alarms: () =>
        database.query(
          `SELECT data FROM events WHERE type = 'remote.host-key-changed' AND stream = $1 ORDER BY seq`,
          [`remote:${id}`],
        ),
      prepared: async () => {
        const current = await remotes.find(id);
        if (!current) throw new Error('the remote is gone');
        return hostKeys.prepare(current, inner);
      },
    };
  };

  interface RemoteUnderTest {
    id: string;
    inner: SshTarget;
    bastion: SshTarget;
    sees: (key: HostKey, target: SshTarget) => ReturnType<HostKeys['verify']>;
    alarms: () => Promise<{ data: Record<string, unknown> }[]>;
    prepared: () => Promise<SshTarget>;
  }

  it('are pinned at first sight, each under its own name', async () => {
    const { id, sees, inner, bastion } = await aRemote('accept-new');
    expect(await sees(aKey('b'), bastion)).toBe('accept');
    expect(await sees(aKey('i'), inner)).toBe('accept');
    expect(await decisions.of(id)).toEqual({
      pinned: { type: 'ssh-ed25519', fingerprint: aKey('i').fingerprint, authority: false },
      offered: { type: 'ssh-ed25519', fingerprint: aKey('i').fingerprint, authority: false },
      hops: [expect.objectContaining({ host: 'bastion:22' })],
      imported: [],
    });
    // The key of one proves nothing about the other.
    expect(await sees(aKey('i'), bastion)).toMatchObject({ code: 'ssh/host-key-changed' });
    expect(await sees(aKey('b'), inner)).toMatchObject({ code: 'ssh/host-key-changed' });
  });

  it('of a host on the way count again after a person has accepted the changed one', async () => {
    const { id, sees, bastion } = await aRemote('accept-new');
    await sees(aKey('old'), bastion);
    expect(await sees(aKey('new'), bastion)).toMatchObject({ code: 'ssh/host-key-changed' });
    expect(await decisions.accept(id, aKey('new').fingerprint)).toMatchObject({
      pinned: null,
      hops: [{ host: 'bastion:22', pinned: { fingerprint: aKey('new').fingerprint } }],
    });
    expect(await sees(aKey('new'), bastion)).toBe('accept');
    expect(await sees(aKey('old'), bastion)).toMatchObject({ code: 'ssh/host-key-changed' });
  });

  it('are unknown under the strict policy until a person has compared each of them', async () => {
    const { id, sees, inner, bastion, alarms } = await aRemote('strict');
    expect(await sees(aKey('b'), bastion)).toEqual({
      code: 'ssh/host-key-unknown',
      detail: `it is ${aKey('b').fingerprint}`,
    });
    await decisions.accept(id, aKey('b').fingerprint);
    expect(await sees(aKey('b'), bastion)).toBe('accept');
    expect(await sees(aKey('b'), inner)).toMatchObject({ code: 'ssh/host-key-unknown' });
    await expect(decisions.accept(id, aKey('x').fingerprint)).rejects.toMatchObject({
      code: 'remotes/host-key-not-offered',
    });
    expect(await alarms()).toEqual([]);
  });

  it('need no person under the strict policy where known_hosts names them', async () => {
    const said =
      lineOf('[inner]:2222,other', aKey('i')) +
      lineOf('bastion', aKey('r', 'ssh-rsa')) +
      lineOf('bastion', aKey('b'));
    const { id, sees, inner, bastion } = await aRemote('strict', said);
    expect(await sees(aKey('i'), inner)).toBe('accept');
    expect(await sees(aKey('b'), bastion)).toBe('accept');
    expect(await decisions.of(id)).toMatchObject({
      pinned: { fingerprint: aKey('i').fingerprint },
      hops: [{ pinned: { fingerprint: aKey('b').fingerprint } }],
    });
  });

  it('may be named without the port, which is no evidence against another key', async () => {
    const strict = await aRemote('strict', lineOf('inner', aKey('i')));
    expect(await strict.sees(aKey('x'), strict.inner)).toMatchObject({
      code: 'ssh/host-key-unknown',
    });
    expect(await strict.sees(aKey('i'), strict.inner)).toBe('accept');
    const open = await aRemote('accept-new', lineOf('inner', aKey('i')));
    expect(await open.sees(aKey('x'), open.inner)).toBe('accept');
  });

  it('have changed when known_hosts names another one, of whatever type', async () => {
    for (const known of [aKey('known'), aKey('known', 'ssh-rsa')]) {
      const { id, sees, inner, alarms } = await aRemote(
        'accept-new',
        lineOf('[inner]:2222', known),
      );
      expect(await sees(aKey('i'), inner)).toEqual({
        code: 'ssh/host-key-changed',
        detail: expect.stringMatching(new RegExp(`/${id}:1 says SHA256:.+, offered is SHA256:`)),
      });
      expect(await decisions.of(id)).toMatchObject({
        pinned: null,
        offered: { fingerprint: aKey('i').fingerprint },
      });
      expect(await alarms()).toHaveLength(1);
      await decisions.accept(id, aKey('i').fingerprint);
      expect(await sees(aKey('i'), inner)).toBe('accept');
    }
  });

  it('are refused when they are revoked, even if they are pinned and accepted', async () => {
    const revoked = `@revoked ${lineOf('*', aKey('stolen'))}`;
    const { id, sees, inner, alarms } = await aRemote('accept-new', revoked);
    const refusal = {
      code: 'ssh/host-key-revoked',
      detail: expect.stringContaining(`${aKey('stolen').fingerprint} is revoked by`),
    };
    expect(await sees(aKey('stolen'), inner)).toEqual(refusal);
    await decisions.accept(id, aKey('stolen').fingerprint);
    expect(await sees(aKey('stolen'), inner)).toEqual(refusal);
    expect(await sees(certified('fresh', 'stolen'), inner)).toEqual(refusal);
    const [alarm] = await alarms();
    expect(alarm?.data).toMatchObject({ code: 'ssh/host-key-revoked', host: 'inner:2222' });
  });

  it('may change at will when the authority that is known signs them', async () => {
    const said = `@cert-authority ${lineOf('*inner*', aKey('ca'))}`;
    const { id, sees, inner } = await aRemote('strict', said);
    expect(await sees(certified('first', 'another'), inner)).toMatchObject({
      code: 'ssh/host-key-unknown',
    });
    expect(await sees(certified('first', 'ca'), inner)).toBe('accept');
    expect((await decisions.of(id)).pinned).toEqual({
      type: 'ssh-ed25519',
      fingerprint: aKey('ca').fingerprint,
      authority: true,
    });
    expect(await sees(certified('second', 'ca'), inner)).toBe('accept');
    for (const impostor of [aKey('first'), aKey('ca'), certified('second', 'another')]) {
      expect(await sees(impostor, inner)).toMatchObject({ code: 'ssh/host-key-changed' });
    }
  });

  it('raise one alarm for each refused key, on the stream of the remote and on that of all', async () => {
    const { id, sees, bastion, inner, alarms } = await aRemote('accept-new');
    await sees(aKey('b'), bastion);
    for (const shown of ['x', 'x', 'y', 'y']) await sees(aKey(shown), bastion);
    const raised = await alarms();
    expect(raised.map(({ data }) => data)).toEqual(
      ['x', 'y'].map((name) => ({
        remoteId: id,
        name: id,
        host: 'bastion:22',
        isOnTheWay: true,
        code: 'ssh/host-key-changed',
        detail: expect.any(String),
        pinned: { type: 'ssh-ed25519', fingerprint: aKey('b').fingerprint, authority: false },
        offered: { type: 'ssh-ed25519', fingerprint: aKey(name).fingerprint, authority: false },
      })),
    );
    const [onServer] = await database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM events
       WHERE stream = 'server' AND type = 'remote.host-key-changed' AND data->>'remoteId' = $1`,
      [id],
    );
    expect(onServer).toEqual({ count: 2 });
    // A person looks again, sees the same, and knows it already.
    await decisions.lookAgain(id);
    await sees(aKey('y'), bastion);
    expect(await alarms()).toHaveLength(2);
    await sees(aKey('i'), inner);
  });

  it('stop every attempt to connect from the refusal until a person decides or looks again', async () => {
    const { id, sees, bastion, prepared } = await aRemote('accept-new');
    await sees(aKey('b'), bastion);
    await expect(prepared()).resolves.toBeDefined();
    await sees(aKey('x'), bastion);
    await expect(prepared()).rejects.toMatchObject({
      code: 'ssh/host-key-changed',
      message: expect.stringContaining(aKey('x').fingerprint),
    });
    await decisions.lookAgain(id);
    await expect(prepared()).resolves.toBeDefined();
    await sees(aKey('x'), bastion);
    await expect(prepared()).rejects.toMatchObject({ code: 'ssh/host-key-changed' });
    await decisions.accept(id, aKey('x').fingerprint);
    await expect(prepared()).resolves.toBeDefined();
    expect((await remotes.find(id))?.state.status).toBe('unknown');
  });

  it('tell what to ask the hosts for: the pinned type, else the known ones and their authorities', async () => {
    const said =
      lineOf('[inner]:2222', aKey('i', 'ssh-rsa')) +
      `@cert-authority ${lineOf('[inner]:2222', aKey('ca'))}`;
    const { sees, inner, bastion, prepared } = await aRemote('accept-new', said);
    expect(await prepared()).toMatchObject({
      knownKeyTypes: ['ssh-rsa'],
      authorities: [{ fingerprint: aKey('ca').fingerprint }],
      jumps: [expect.not.objectContaining({ knownKeyTypes: expect.anything() })],
    });
    await sees(certified('c', 'ca'), inner);
    await sees(aKey('b'), bastion);
    const target = await prepared();
    expect(target).toMatchObject({
      authorities: [{ fingerprint: aKey('ca').fingerprint, blob: aKey('ca').blob }],
      jumps: [{ knownKeyTypes: ['ssh-ed25519'] }],
    });
    expect(target.knownKeyTypes).toBeUndefined();
  });

  it('of the place where a remote was do not count where it has been moved to', async () => {
    const { id, sees, inner } = await aRemote('accept-new');
    const row = await remotes.find(id);
    if (!row) throw new Error('the remote is gone');
    await remotes.update(database, { ...row, host: 'elsewhere' });
    expect(await sees(aKey('i'), inner)).toMatchObject({ code: 'ssh/host-key-unknown' });
    expect((await decisions.of(id)).pinned).toBeNull();
  });

  describe('imported from the text of a known_hosts file', () => {
    it('are pinned, one for each host, with authorities and revoked keys beside them', async () => {
      const { id, sees, inner, bastion } = await aRemote('strict');
      const text = [
        '# inner:2222 SSH-2.0-OpenSSH_9.2',
        lineOf('[inner]:2222', aKey('r', 'ssh-rsa')),
        lineOf('[inner]:2222', aKey('i')),
        `@revoked ${lineOf('*', aKey('stolen'))}`,
        `@cert-authority ${lineOf('bastion', aKey('ca'))}`,
        lineOf('somebody.else', aKey('e')),
        'not a line',
      ].join('\n');
      const revoked = { marker: 'revoked', fingerprint: aKey('stolen').fingerprint };
      const result = await decisions.import(id, inner, text);
      expect(result).toMatchObject({
        taken: [
          { host: null, marker: null, fingerprint: aKey('i').fingerprint },
          { host: null, ...revoked },
          { host: 'bastion:22', ...revoked },
          { host: 'bastion:22', marker: 'cert-authority', fingerprint: aKey('ca').fingerprint },
        ],
        otherLines: 2,
        unreadableLines: 1,
        hostKeys: {
          pinned: { fingerprint: aKey('i').fingerprint, authority: false },
          hops: [{ pinned: { fingerprint: aKey('ca').fingerprint, authority: true } }],
          imported: [{ host: null }, { host: 'bastion:22' }, { host: 'bastion:22' }],
        },
      });
      expect(await sees(aKey('i'), inner)).toBe('accept');
      expect(await sees(certified('b', 'ca'), bastion)).toBe('accept');
      expect(await sees(aKey('stolen'), inner)).toMatchObject({ code: 'ssh/host-key-revoked' });
      // Again is the same.
      expect(await decisions.import(id, inner, text)).toEqual(result);
      expect(await decisions.of(id)).toEqual(result.hostKeys);
    });

    it('end a hard stop when they are the ones that were shown', async () => {
      const { id, sees, inner, prepared } = await aRemote('accept-new');
      await sees(aKey('old'), inner);
      await sees(aKey('new', 'ssh-rsa'), inner);
      await expect(prepared()).rejects.toMatchObject({ code: 'ssh/host-key-changed' });
      const lines =
        lineOf('[inner]:2222', aKey('e')) + lineOf('[inner]:2222', aKey('new', 'ssh-rsa'));
      await decisions.import(id, inner, lines);
      await expect(prepared()).resolves.toMatchObject({ knownKeyTypes: ['ssh-rsa'] });
      expect(await sees(aKey('new', 'ssh-rsa'), inner)).toBe('accept');
    });

    it('must be about the remote, by name and port', async () => {
      const { id, inner } = await aRemote('strict');
      for (const text of [lineOf('inner', aKey('i')), 'nonsense', '# nothing']) {
        await expect(decisions.import(id, inner, text)).rejects.toMatchObject({
          code: 'remotes/no-known-host',
          message: expect.stringContaining('[inner]:2222 or bastion'),
          errors: [{ pointer: '/knownHosts' }],
        });
      }
      expect(await decisions.of(id)).toMatchObject({ pinned: null, imported: [] });
    });

    it('are forgotten with everything else when a person says so', async () => {
      const { id, inner } = await aRemote('strict');
      await decisions.import(
        id,
        inner,
        lineOf('[inner]:2222', aKey('i')) + `@revoked ${lineOf('*', aKey('stolen'))}`,
      );
      expect(await decisions.forget(id)).toEqual({
        pinned: null,
        offered: null,
        hops: [],
        imported: [],
      });
    });
  });
});
