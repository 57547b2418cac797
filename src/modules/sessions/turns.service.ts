import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { AgentRegistry, requireTurn } from '../../agents/index.js';
import { Database, makeOnce, type Sql, type Tx } from '../../platform/database/index.js';
import { storableText } from '../../platform/events/index.js';
import { page, type Page, type PageQuery } from '../../platform/http/index.js';
import { type Job, JobQueue } from '../../platform/queue/index.js';
import { RemotesService } from '../remotes/index.js';
import { DRIVE_TURN } from './drive-turn.job.js';
import { SessionNotFound, TurnNotFound } from './sessions.errors.js';
import { STOP_TURN } from './stop-turn.job.js';
import { ImagesRepository } from './storage/images.repository.js';
import { SessionsRepository } from './storage/sessions.repository.js';
import { type Claim, TurnClaims } from './storage/turn-claims.js';
import { type StopReason, type TurnRow } from './storage/turn.entity.js';
import { toTurn, TurnsRepository } from './storage/turns.repository.js';
import { TurnEvents } from './turn-events.js';
import { hasEnded, isWaiting, type Turn, type TurnKind } from './turn.js';
import { type PostTurn } from './turns.schemas.js';
import { workingTree } from './working-tree.js';

export interface NewTurn {
  /** Default: a new one. */
  id?: string;
  sessionId: string;
  kind: TurnKind;
  prompt: string;
  readOnly?: boolean | undefined;
  /** In a new conversation of the agent, whatever the session's was. */
  fresh?: boolean | undefined;
  images?: PostTurn['images'];
  /** Images that are kept already, instead. */
  imageIds?: readonly string[];
  /** Whose bell rings when the turn has ended. */
  owner?: { job: Job; id: string };
}

/** Asks for turns, looks at them, stops them. What runs them is the `TurnDriver`. */
@Injectable()
export class TurnsService {
  constructor(
    private readonly database: Database,
    private readonly turns: TurnsRepository,
    private readonly sessions: SessionsRepository,
    private readonly claims: TurnClaims,
    private readonly images: ImagesRepository,
    private readonly remotes: RemotesService,
    private readonly agents: AgentRegistry,
    private readonly events: TurnEvents,
    private readonly jobs: JobQueue,
  ) {}

  /**
   * @throws {RemoteDisabled} when the session's remote is switched off: nothing is queued.
   * @throws {AgentUnsupported} when its agent cannot do what the turn wants.
   */
  async enqueue(tx: Tx, turn: NewTurn): Promise<Turn> {
    // Its host and directory cannot change from here to the commit, after which the turn holds them.
    const session = await this.sessions.share(turn.sessionId, tx);
    if (!session) throw new SessionNotFound(turn.sessionId);
    if (session.remoteId !== null) await this.remotes.requireEnabled(session.remoteId, tx);
    const wanted = { ...turn, images: turn.images ?? turn.imageIds };
    requireTurn(this.agents.of(session), wanted, session);
    const row: Omit<TurnRow, 'position' | 'images'> = {
      id: turn.id ?? uuid(),
      sessionId: session.id,
      kind: turn.kind,
      state: 'queued',
      prompt: storableText(turn.prompt),
      readOnly: turn.readOnly ?? false,
      fresh: turn.fresh ?? false,
      workingTree: workingTree(session.remoteId, session.cwd),
      held: false,
      ownerJob: turn.owner?.job.name ?? null,
      ownerId: turn.owner?.id ?? null,
      remoteId: session.remoteId,
      hostname: null,
      cwd: null,
      nonce: randomBytes(8).toString('hex'),
      attempts: 0,
      earlier: [],
      spentMs: 0,
      fence: 0,
      worker: null,
      leaseUntil: null,
      retryAt: null,
      stdoutOffset: 0,
      stderrOffset: 0,
      stderrTail: '',
      parser: null,
      stop: null,
      spools: null,
      text: null,
      providerSessionId: null,
      usage: null,
      exitCode: null,
      signal: null,
      error: null,
      waiting: null,
      unreachableMs: 0,
      resumesAt: null,
      queuedAt: new Date(),
      startedAt: null,
      lastActivityAt: null,
      finishedAt: null,
    };
    await this.turns.insert(tx, row);
    const imageIds = turn.imageIds ?? (await this.images.keep(tx, turn.images ?? []));
    const images = await this.images.giveToTurn(tx, row.id, imageIds);
    const queued: TurnRow = { ...row, images, position: 0 };
    await this.events.changed(tx, 'turn.queued', queued);
    tx.afterCommit(() => {
      this.jobs.ring(DRIVE_TURN.name, row.id);
    });
    return toTurn(queued);
  }

  /** Whether the agent of a session can be shown images. */
  async takesImages(tx: Tx, sessionId: string): Promise<boolean> {
    const session = await this.sessions.find(sessionId, tx);
    return session !== null && this.agents.of(session).capabilities.images;
  }

  /** A message of a user or of his script, under an id of the caller's: asking again never queues a second one. */
  post(id: string, sessionId: string, turn: PostTurn): Promise<Turn> {
    return makeOnce(
      'turns_pkey',
      () =>
        this.database.transaction((tx) =>
          this.enqueue(tx, { ...turn, id, sessionId, kind: 'message' }),
        ),
      () => this.get(id),
    );
  }

  async get(id: string): Promise<Turn> {
    const row = await this.turns.find(id);
    if (!row) throw new TurnNotFound(id);
    return toTurn(row);
  }

  async find(ids: readonly string[], sql?: Sql): Promise<Turn[]> {
    return (await this.turns.findAll(ids, sql)).map(toTurn);
  }

  async list(sessionId: string, { cursor, limit }: PageQuery): Promise<Page<Turn>> {
    await this.requireSession(sessionId);
    const rows = await this.turns.page(sessionId, cursor, limit + 1);
    return page(rows.map(toTurn), limit, ({ id }) => id);
  }

  /**
   * Stops a turn: at once when it waits, else by killing its processes on their host. The state is `stopping` until it is
   * proved that they are gone. Safe to repeat; a turn that has ended stays as it is.
   */
  cancel(id: string, why: StopReason = { reason: 'cancelled' }): Promise<Turn> {
    return this.database.transaction((tx) => this.cancelIn(tx, id, why));
  }

  async cancelIn(tx: Tx, id: string, why: StopReason = { reason: 'cancelled' }): Promise<Turn> {
    const row = await this.turns.lock(id, tx);
    if (!row) throw new TurnNotFound(id);
    await this.stop(tx, row, why);
    return toTurn(row);
  }

  /** Stops a turn whose clock has run out under this claim. Once its attempt has ended, that is void. */
  async expire({ turnId, fence }: Claim, why: StopReason): Promise<void> {
    await this.database.transaction(async (tx) => {
      const row = await this.turns.lock(turnId, tx);
      if (row?.fence === fence && !isWaiting(row)) await this.stop(tx, row, why);
    });
  }

  private async stop(tx: Tx, row: TurnRow, why: StopReason): Promise<void> {
    if (hasEnded(row) || row.state === 'stopping') return;
    const { id } = row;
    const waits = isWaiting(row);
    row.stop = { ...why, at: new Date().toISOString(), proved: waits };
    row.state = waits ? 'cancelled' : 'stopping';
    if (waits) Object.assign(row, { finishedAt: new Date(), waiting: null, error: null });
    await this.turns.update(tx, id, {
      state: row.state,
      stop: row.stop,
      finishedAt: row.finishedAt,
      waiting: row.waiting,
      error: row.error,
    });
    await this.events.changed(tx, waits ? 'turn.cancelled' : 'turn.stopping', row);
    const next = waits ? await this.claims.nextAfter(row, tx) : [];
    tx.afterCommit(() => {
      for (const turnId of next) this.jobs.ring(DRIVE_TURN.name, turnId);
      if (!waits) this.jobs.ring(STOP_TURN.name, id);
      else if (row.ownerJob !== null && row.ownerId !== null)
        this.jobs.ring(row.ownerJob, row.ownerId);
    });
  }

  private async requireSession(id: string): Promise<void> {
    if (!(await this.sessions.find(id))) throw new SessionNotFound(id);
  }
}
