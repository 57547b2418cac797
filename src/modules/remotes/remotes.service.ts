import { Injectable } from '@nestjs/common';
import { Database, makeOnce, type Sql } from '../../platform/database/index.js';
import { mergePatch, page, type Page, type PageQuery } from '../../platform/http/index.js';
import { HostKeyDecisions } from './host-keys/host-key-decisions.js';
import { isMoved, withoutKeys } from './host-keys/host-keys-of-row.js';
import { RemoteHosts, settingsOf } from './remote-hosts.js';
import { RemoteSecrets } from './remote-secrets.js';
import { RemoteStates } from './remote-states.js';
import { RemoteTargets } from './remote-targets.js';
import { type HostKeyImport, type Remote, type ShownHostKeys, untried } from './remote.js';
import { RemoteDisabled, RemoteNotFound, TwoPrivateKeys } from './remotes.errors.js';
import {
  type CreateRemote,
  type ImportRemote,
  keptEnvSchema,
  type PatchRemote,
} from './remotes.schemas.js';
import { type RemoteRow } from './storage/remote.entity.js';
import { RemotesRepository, toRemote } from './storage/remotes.repository.js';

/** The registry of SSH hosts. */
@Injectable()
export class RemotesService {
  constructor(
    private readonly database: Database,
    private readonly rows: RemotesRepository,
    private readonly secrets: RemoteSecrets,
    private readonly states: RemoteStates,
    private readonly hosts: RemoteHosts,
    private readonly hostKeys: HostKeyDecisions,
    private readonly targets: RemoteTargets,
  ) {}

  /** Under an id of the caller's: asking again never makes a second one. */
  async create(id: string, input: CreateRemote): Promise<Remote> {
    const known = await this.rows.find(id);
    if (known) return toRemote(known);
    const now = new Date();
    const { privateKey, passphrase, env, ...settings } = input;
    const row: RemoteRow = {
      id,
      ...settings,
      privateKey: this.secrets.seal(id, privateKey, 'private-key'),
      passphrase: this.secrets.seal(id, passphrase, 'passphrase'),
      env: this.secrets.sealEnv(id, env),
      envNames: Object.keys(env),
      isDefault: false,
      hostKey: null,
      offeredHostKey: null,
      hopKeys: {},
      hostKeyLines: [],
      state: untried(),
      createdAt: now,
      updatedAt: now,
    };
    return makeOnce(
      'remotes_pkey',
      () =>
        this.database.transaction(async (tx) => {
          await this.rows.insert(tx, row);
          await this.states.tell(tx, row);
          return toRemote(row);
        }),
      () => this.get(id),
    );
  }

  /** A remote whose settings come from the ssh config of the server's user. */
  import(id: string, { host, name }: ImportRemote): Promise<Remote> {
    return this.create(id, {
      name: name ?? host,
      host,
      port: null,
      username: null,
      privateKeyPath: null,
      privateKey: null,
      passphrase: null,
      workingDirectory: null,
      env: {},
      enabled: true,
      useSshConfig: true,
      hostKeyPolicy: 'accept-new',
    });
  }

  async get(id: string): Promise<Remote> {
    return toRemote(await this.row(id));
  }

  async find(ids: readonly string[], sql?: Sql): Promise<Remote[]> {
    return (await this.rows.findAll(ids, sql)).map(toRemote);
  }

  async list({ cursor, limit }: PageQuery): Promise<Page<Remote>> {
    const rows = await this.rows.page(cursor, limit + 1);
    return page(rows.map(toRemote), limit, ({ id }) => id);
  }

  async patch(id: string, patch: PatchRemote): Promise<Remote> {
    const row = await this.change(id, (current) => {
      const { env, privateKey, passphrase, ...settings } = patch;
      const next: RemoteRow = { ...current, ...defined(settings) };
      if (privateKey !== undefined)
        next.privateKey = this.secrets.seal(id, privateKey, 'private-key');
      if (passphrase !== undefined)
        next.passphrase = this.secrets.seal(id, passphrase, 'passphrase');
      if (env !== undefined) {
        const patched = mergePatch(this.secrets.openEnv(id, current.env), env);
        const merged = keptEnvSchema.parse(patched ?? {});
        next.env = this.secrets.sealEnv(id, merged);
        next.envNames = Object.keys(merged);
      }
      if (next.privateKey !== null && next.privateKeyPath !== null) throw new TwoPrivateKeys();
      if (connectionOf(next) !== connectionOf(current)) next.state = untried();
      return isMoved(current, next) ? withoutKeys(next) : next;
    });
    if (row.enabled) this.hosts.reset(id);
    else await this.hosts.forget(id);
    return toRemote(row);
  }

  async delete(id: string): Promise<void> {
    const row = await this.row(id);
    await this.database.transaction((tx) => this.rows.delete(tx, row));
    await this.hosts.forget(id);
  }

  async setDefault(id: string, isDefault: boolean): Promise<Remote> {
    const row = await this.database.transaction(async (tx) => {
      // Two that want to become the default at once take turns.
      await this.rows.lockAll(tx);
      const current = await this.rows.find(id, tx);
      if (!current) throw new RemoteNotFound(id);
      if (isDefault) await this.rows.clearDefault(tx);
      const next = { ...current, isDefault };
      await this.rows.update(tx, next);
      return next;
    });
    return toRemote(row);
  }

  async acceptHostKey(id: string, fingerprint: string): Promise<ShownHostKeys> {
    const keys = await this.hostKeys.accept(id, fingerprint);
    this.hosts.reset(id);
    return keys;
  }

  /** @param knownHosts the text of a known_hosts file, or what `ssh-keyscan` prints. */
  async importHostKeys(id: string, knownHosts: string): Promise<HostKeyImport> {
    const row = await this.row(id);
    // Only names are asked for here: a key that cannot be read is no reason to refuse.
    const target = await this.targets.of({
      ...row,
      privateKey: null,
      privateKeyPath: null,
      passphrase: null,
    });
    const result = await this.hostKeys.import(id, target, knownHosts);
    this.hosts.reset(id);
    return result;
  }

  async forgetHostKeys(id: string): Promise<ShownHostKeys> {
    const keys = await this.hostKeys.forget(id);
    this.hosts.reset(id);
    return keys;
  }

  /** @throws {RemoteDisabled} */
  async requireEnabled(id: string, sql?: Sql): Promise<void> {
    const row = await this.rows.find(id, sql);
    if (!row) throw new RemoteNotFound(id);
    if (!row.enabled) throw new RemoteDisabled(row.name);
  }

  /** The environment that the remote adds to everything that runs on it. */
  async env(id: string): Promise<Record<string, string>> {
    return this.secrets.openEnv(id, (await this.row(id)).env);
  }

  private async row(id: string): Promise<RemoteRow> {
    const row = await this.rows.find(id);
    if (!row) throw new RemoteNotFound(id);
    return row;
  }

  private change(id: string, change: (row: RemoteRow) => RemoteRow): Promise<RemoteRow> {
    return this.database.transaction(async (tx) => {
      const current = await this.rows.lock(id, tx);
      if (!current) throw new RemoteNotFound(id);
      const next = { ...change(current), updatedAt: after(current.updatedAt) };
      await this.rows.update(tx, next);
      if (next.state !== current.state) await this.states.tell(tx, next);
      return next;
    });
  }
}

/** The settings on which it depends whether a host can be reached. */
const connectionOf = (row: RemoteRow): string => JSON.stringify([row.enabled, settingsOf(row)]);

/** Now, and later than that whatever the clock says: the newer of two rows counts. */
const after = (last: Date): Date => new Date(Math.max(Date.now(), last.getTime() + 1));

/** Without the fields that a patch does not name. */
const defined = <T extends object>(patch: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
