import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import {
  type AgentCapabilities,
  AgentRegistry,
  requireArguments,
  requireDefinition,
  requireSettings,
  type Usage,
} from '../../agents/index.js';
import {
  Database,
  isReferenced,
  makeOnce,
  type Sql,
  type Tx,
} from '../../platform/database/index.js';
import { EventLog } from '../../platform/events/index.js';
import { mergePatch, page, type Page, type PageQuery } from '../../platform/http/index.js';
import { JobQueue } from '../../platform/queue/index.js';
import { keptEnvSchema, type Remote, RemoteNotFound, RemotesService } from '../remotes/index.js';
import { DRIVE_TURN } from './drive-turn.job.js';
import { ScratchDirectories } from './scratch/scratch-directories.js';
import { SessionSecrets } from './session-secrets.js';
import { toSession } from './session-view.js';
import { type NewSession, type Session, type SessionOutline } from './session.js';
import { SessionBusy, SessionInUse, SessionNotFound } from './sessions.errors.js';
import { limitsSchema, type PatchSession } from './sessions.schemas.js';
import { type SessionRow } from './storage/session.entity.js';
import { SessionsRepository } from './storage/sessions.repository.js';
import { TurnsRepository } from './storage/turns.repository.js';
import { sessionStream } from './turn-events.js';

/** Sessions: an agent, a working directory, a host, and what was agreed on between them. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly database: Database,
    private readonly rows: SessionsRepository,
    private readonly remotes: RemotesService,
    private readonly secrets: SessionSecrets,
    private readonly agents: AgentRegistry,
    private readonly events: EventLog,
    private readonly turns: TurnsRepository,
    private readonly scratch: ScratchDirectories,
    private readonly jobs: JobQueue,
  ) {}

  /** Under an id of the caller's: asking again never makes a second one. */
  async create(id: string, input: NewSession): Promise<Session> {
    if (await this.rows.find(id)) return this.get(id);
    return makeOnce(
      'sessions_pkey',
      () => this.database.transaction((tx) => this.createIn(tx, input, id)),
      () => this.get(id),
    );
  }

  async createIn(tx: Tx, input: NewSession, id = uuid()): Promise<Session> {
    const { agent, args = [], command = null, custom = null } = input;
    requireDefinition({ agent, args, custom });
    const adapter = this.agents.of({ agent, custom });
    requireSettings(adapter, { ...input, command });
    requireArguments(adapter, input);
    const remoteId = input.remoteId ?? null;
    const [remote] = remoteId === null ? [] : await this.remotes.find([remoteId], tx);
    if (remoteId !== null && !remote) throw new RemoteNotFound(remoteId, '/remoteId');
    return this.insert(tx, id, {
      ...{ agent, args, command, custom, remoteId },
      name: input.name,
      cwd: input.cwd ?? remote?.workingDirectory ?? '~',
      env: input.env ?? {},
      model: input.model ?? null,
      effort: input.effort ?? null,
      autoRunFolder: input.autoRunFolder ?? null,
      limits: input.limits ?? {},
      parentSessionId: null,
    });
  }

  /** A session like its parent, on the same host, in another directory. */
  async createChild(
    tx: Tx,
    parentId: string,
    change: { name: string; cwd: string },
  ): Promise<Session> {
    const parent = await this.row(parentId, tx);
    const { agent, remoteId, args, model, effort, command, custom, autoRunFolder, limits } = parent;
    return this.insert(tx, uuid(), {
      ...{ agent, remoteId, args, model, effort, command, custom, autoRunFolder, limits },
      ...{ env: this.secrets.openEnv(parent.id, parent.env), parentSessionId: parent.id },
      ...change,
    });
  }

  async get(id: string): Promise<Session> {
    return this.view(await this.row(id));
  }

  async list({ cursor, limit }: PageQuery): Promise<Page<Session>> {
    const rows = await this.rows.page(cursor, limit + 1);
    return page(await this.views(rows), limit, ({ id }) => id);
  }

  /** Every session, with what does not change while it works. */
  async all(): Promise<SessionOutline[]> {
    const rows = await this.rows.all();
    const remotes = await this.remotesOf(rows);
    return rows.map((row) =>
      toSession(row, this.capabilities(row), undefined, remotes.get(row.remoteId ?? '')),
    );
  }

  async find(ids: readonly string[]): Promise<Session[]> {
    return this.views(await this.rows.findAll(ids));
  }

  /** The working directory, the host and a custom agent's definition can't be changed while a turn waits or runs. */
  async patch(id: string, patch: PatchSession): Promise<Session> {
    const row = await this.database.transaction(async (tx) => {
      const current = await this.rows.lock(id, tx);
      if (!current) throw new SessionNotFound(id);
      const next = await this.patched(tx, current, patch);
      const moves = next.cwd !== current.cwd || next.remoteId !== current.remoteId;
      if (moves) await this.requireIdle(current.id, 'its host and directory cannot change', tx);
      if (moves) next.providerSessionId = null;
      // A run that is followed anew is read by the definition that it was begun with.
      if (!isDeepStrictEqual(next.custom, current.custom))
        await this.requireIdle(current.id, 'the definition of its agent cannot change', tx);
      await this.rows.update(tx, id, next);
      const { held } = next;
      await this.events.append(tx, sessionStream(id), 'session.updated', { sessionId: id, held });
      if (current.held && !held) await this.goOn(tx, id);
      return next;
    });
    return this.view(row);
  }

  async delete(id: string): Promise<void> {
    await this.row(id);
    try {
      await this.database.transaction(async (tx) => {
        await this.rows.lock(id, tx);
        await this.requireIdle(id, 'it cannot be deleted', tx);
        await this.scratch.release(tx, id);
        await this.rows.delete(tx, id);
      });
    } catch (error) {
      if (isReferenced(error)) throw new SessionInUse(id);
      throw error;
    }
  }

  async usage(id: string): Promise<Usage> {
    return (await this.get(id)).usage;
  }

  private async insert(
    tx: Tx,
    id: string,
    {
      env,
      ...settings
    }: Omit<
      SessionRow,
      'id' | 'env' | 'envNames' | 'held' | 'providerSessionId' | 'createdAt' | 'updatedAt'
    > & { env: Record<string, string> },
  ): Promise<Session> {
    const now = new Date();
    const row: SessionRow = {
      ...settings,
      id,
      env: this.secrets.sealEnv(id, env),
      envNames: Object.keys(env),
      held: false,
      providerSessionId: null,
      createdAt: now,
      updatedAt: now,
    };
    await this.rows.insert(tx, row);
    await this.events.append(tx, sessionStream(id), 'session.updated', {
      sessionId: id,
      state: 'idle',
    });
    const [remote] = row.remoteId === null ? [] : await this.remotes.find([row.remoteId], tx);
    return toSession(row, this.capabilities(row), undefined, remote);
  }

  private async patched(sql: Sql, current: SessionRow, patch: PatchSession): Promise<SessionRow> {
    const next = { ...current };
    if (patch.custom !== undefined) next.custom = patch.custom;
    if (patch.name !== undefined) next.name = patch.name;
    if (patch.cwd !== undefined) next.cwd = patch.cwd;
    if (patch.args !== undefined) next.args = patch.args ?? [];
    if (patch.model !== undefined) next.model = patch.model;
    if (patch.effort !== undefined) next.effort = patch.effort;
    if (patch.held !== undefined) next.held = patch.held ?? false;
    if (patch.command !== undefined) next.command = patch.command;
    requireDefinition(next);
    const adapter = this.agents.of(next);
    requireSettings(adapter, patch.custom === undefined ? patch : next);
    if (patch.args ?? patch.model ?? patch.effort) requireArguments(adapter, next);
    if (patch.autoRunFolder !== undefined) next.autoRunFolder = patch.autoRunFolder;
    if (patch.limits !== undefined) {
      next.limits = limitsSchema.parse(mergePatch(current.limits, patch.limits) ?? {});
    }
    if (patch.env !== undefined) {
      const env = mergePatch(this.secrets.openEnv(current.id, current.env), patch.env);
      const merged = keptEnvSchema.parse(env ?? {});
      next.env = this.secrets.sealEnv(current.id, merged);
      next.envNames = Object.keys(merged);
    }
    if (patch.remoteId !== undefined) {
      next.remoteId = patch.remoteId;
      if (
        patch.remoteId !== null &&
        (await this.remotes.find([patch.remoteId], sql)).length === 0
      ) {
        throw new RemoteNotFound(patch.remoteId, '/remoteId');
      }
    }
    return next;
  }

  /** What was held back may begin, or go on. */
  private async goOn(tx: Tx, id: string): Promise<void> {
    const waiting = await this.turns.waiting(id, tx);
    tx.afterCommit(() => {
      for (const turnId of waiting) this.jobs.ring(DRIVE_TURN.name, turnId);
    });
  }

  private capabilities(row: SessionRow): AgentCapabilities {
    return this.agents.of(row).capabilities;
  }

  private async requireIdle(id: string, what: string, sql: Sql): Promise<void> {
    const activity = (await this.rows.activity([id], sql)).get(id);
    if (activity && (activity.activeTurnId !== null || activity.queued > 0 || activity.limited)) {
      throw new SessionBusy(id, what);
    }
  }

  private async row(id: string, sql?: Sql): Promise<SessionRow> {
    const row = await this.rows.find(id, sql);
    if (!row) throw new SessionNotFound(id);
    return row;
  }

  private async view(row: SessionRow): Promise<Session> {
    const [session] = await this.views([row]);
    if (!session) throw new SessionNotFound(row.id);
    return session;
  }

  private async views(rows: readonly SessionRow[]): Promise<Session[]> {
    const activity = await this.rows.activity(rows.map(({ id }) => id));
    const remotes = await this.remotesOf(rows);
    return rows.map((row) =>
      toSession(row, this.capabilities(row), activity.get(row.id), remotes.get(row.remoteId ?? '')),
    );
  }

  private async remotesOf(rows: readonly SessionRow[]): Promise<Map<string, Remote>> {
    const ids = rows.flatMap(({ remoteId }) => (remoteId === null ? [] : [remoteId]));
    const remotes = await this.remotes.find([...new Set(ids)]);
    return new Map(remotes.map((remote) => [remote.id, remote]));
  }
}
