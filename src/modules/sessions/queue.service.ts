import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../platform/database/index.js';
import { storableText } from '../../platform/events/index.js';
import { JobQueue } from '../../platform/queue/index.js';
import { DRIVE_TURN } from './drive-turn.job.js';
import { SessionNotFound, TurnHasWorked, TurnNotFound, TurnNotQueued } from './sessions.errors.js';
import { SessionsRepository } from './storage/sessions.repository.js';
import { TurnClaims } from './storage/turn-claims.js';
import { type TurnRow } from './storage/turn.entity.js';
import { toTurn, TurnsRepository } from './storage/turns.repository.js';
import { TurnEvents } from './turn-events.js';
import { type Turn } from './turn.js';
import { type PatchTurn } from './turns.schemas.js';

/** What waits in a session, and in which order: edited, held and moved until a worker takes it. */
@Injectable()
export class QueueService {
  constructor(
    private readonly database: Database,
    private readonly turns: TurnsRepository,
    private readonly sessions: SessionsRepository,
    private readonly claims: TurnClaims,
    private readonly events: TurnEvents,
    private readonly jobs: JobQueue,
  ) {}

  async list(sessionId: string): Promise<{ items: Turn[]; nextCursor: null }> {
    if (!(await this.sessions.find(sessionId))) throw new SessionNotFound(sessionId);
    return { items: (await this.turns.queue(sessionId)).map(toTurn), nextCursor: null };
  }

  /**
   * Edits, holds or moves a turn that still waits; one that waits for its provider's limit can only be held. `position` counts from 0 within the session's queue.
   *
   * @throws {TurnNotQueued} when a worker was quicker: then nothing is changed.
   * @throws {TurnHasWorked} when the prompt of one that is tried again may be half done.
   */
  patch(id: string, { prompt, held, position }: PatchTurn): Promise<Turn> {
    return this.database.transaction(async (tx) => {
      // Whoever moves a turn minds what others have moved before him.
      if (position !== undefined) await this.turns.lockOrder(id, tx);
      const row = await this.turns.lock(id, tx);
      if (!row) throw new TurnNotFound(id);
      const onlyHolds = prompt === undefined && position === undefined;
      if (row.state !== 'queued' && !(row.state === 'limited' && onlyHolds))
        throw new TurnNotQueued(id, row.state);
      if (prompt !== undefined && row.earlier.some(({ worked }) => worked)) {
        throw new TurnHasWorked(id);
      }
      if (prompt !== undefined) row.prompt = storableText(prompt);
      if (held !== undefined) row.held = held ?? false;
      await this.turns.update(tx, id, { prompt: row.prompt, held: row.held });
      if (position !== undefined) await this.move(tx, row, position);
      await this.events.changed(tx, `turn.${row.state}`, row);
      const next = await this.claims.nextAfter(row, tx);
      tx.afterCommit(() => {
        for (const turnId of next) this.jobs.ring(DRIVE_TURN.name, turnId);
      });
      return toTurn(row);
    });
  }

  /** Gives the places that the session's queue has among all turns to its turns in another order. */
  private async move(tx: Tx, { id, sessionId }: TurnRow, index: number): Promise<void> {
    const queue = await this.turns.lockQueue(sessionId, tx);
    const ids = queue.map((turn) => turn.id).filter((other) => other !== id);
    const positions = queue.map(({ position }) => position);
    await this.turns.place(tx, ids.toSpliced(index, 0, id), positions);
  }
}
