import { Injectable } from '@nestjs/common';
import { Database, isReferenced, type Sql, violates } from '../../../platform/database/index.js';
import { type Remote } from '../remote.js';
import { RemoteInUse, RemoteNameTaken } from '../remotes.errors.js';
import { RemoteEntity, type RemoteRow } from './remote.entity.js';

@Injectable()
export class RemotesRepository {
  constructor(private readonly database: Database) {}

  find(id: string, sql: Sql = this.database): Promise<RemoteRow | null> {
    return sql.of(RemoteEntity).findOneBy({ id });
  }

  async findAll(ids: readonly string[], sql: Sql = this.database): Promise<RemoteRow[]> {
    if (ids.length === 0) return [];
    return sql
      .of(RemoteEntity)
      .createQueryBuilder('r')
      .where('r.id = ANY(:ids)', { ids })
      .getMany();
  }

  /** The row, locked until the end of the transaction. */
  lock(id: string, sql: Sql): Promise<RemoteRow | null> {
    return sql.of(RemoteEntity).findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  /** That there is something to do on it now. */
  async used(id: string): Promise<void> {
    await this.database.query('UPDATE remotes SET used_at = now() WHERE id = $1', [id]);
  }

  /** Those of them that were used in the last 24 hours. */
  async usedLately(ids: readonly string[], sql: Sql = this.database): Promise<string[]> {
    const rows = await sql.query<{ id: string }>(
      `SELECT id FROM remotes WHERE id = ANY($1::uuid[]) AND used_at > now() - interval '24 hours'`,
      [ids],
    );
    return rows.map(({ id }) => id);
  }

  async lockAll(sql: Sql): Promise<void> {
    await sql.query('SELECT id FROM remotes ORDER BY id FOR UPDATE');
  }

  page(after: string | undefined, limit: number): Promise<RemoteRow[]> {
    const rows = this.database.of(RemoteEntity).createQueryBuilder('r');
    if (after !== undefined) rows.where('r.id > :after', { after });
    return rows.orderBy('r.id').limit(limit).getMany();
  }

  async insert(sql: Sql, row: RemoteEntity): Promise<void> {
    await named(row.name, () => sql.of(RemoteEntity).insert(row));
  }

  async update(sql: Sql, row: RemoteEntity): Promise<void> {
    await named(row.name, () => sql.of(RemoteEntity).update({ id: row.id }, row));
  }

  async clearDefault(sql: Sql): Promise<void> {
    await sql.of(RemoteEntity).update({ isDefault: true }, { isDefault: false });
  }

  async delete(sql: Sql, row: RemoteEntity): Promise<void> {
    try {
      await sql.of(RemoteEntity).delete({ id: row.id });
    } catch (error) {
      if (isReferenced(error)) throw new RemoteInUse(row.name);
      throw error;
    }
  }
}

const named = async (name: string, write: () => Promise<unknown>): Promise<void> => {
  try {
    await write();
  } catch (error) {
    if (violates(error, 'remotes_name')) throw new RemoteNameTaken(name);
    throw error;
  }
};

export const toRemote = (row: RemoteRow): Remote => ({
  id: row.id,
  name: row.name,
  host: row.host,
  port: row.port,
  username: row.username,
  privateKeyPath: row.privateKeyPath,
  hasPrivateKey: row.privateKey !== null,
  workingDirectory: row.workingDirectory,
  env: masked(row.envNames),
  enabled: row.enabled,
  useSshConfig: row.useSshConfig,
  hostKeyPolicy: row.hostKeyPolicy,
  isDefault: row.isDefault,
  state: row.enabled
    ? { ...noTransport, ...row.state }
    : {
        status: 'disabled',
        since: row.updatedAt.toISOString(),
        latencyMs: null,
        ...noTransport,
        error: null,
      },
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});

/** Also of a state that was kept before there was a choice. */
const noTransport = { transport: null, transportReasons: [] };

const masked = (names: readonly string[]): Record<string, '***'> =>
  Object.fromEntries(names.map((name) => [name, '***'] as const));
