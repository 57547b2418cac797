import { Inject, Injectable } from '@nestjs/common';
import { type Config, CONFIG } from '../../../platform/config/index.js';
import { Database, type Sql, violates } from '../../../platform/database/index.js';
import { Presence } from '../../../platform/queue/index.js';
import { TurnEntity, type TurnRow } from './turn.entity.js';

/** A turn that is this process's to drive, as long as nobody takes a higher fence. */
export interface Claim {
  turnId: string;
  fence: number;
}

const ACTIVE = `('starting', 'running', 'stopping')`;

const IS_HELD = (turn: string): string =>
  `(${turn}.held OR EXISTS (SELECT 1 FROM sessions h WHERE h.id = ${turn}.session_id AND h.held))`;

const COMES_FIRST = '(o.position, o.id) < (t.position, t.id)';
const IS_BEFORE = `o.state = 'queued' AND ${COMES_FIRST} AND NOT ${IS_HELD('o')}`;

/** Its provider's limit is over and nobody holds it: nothing but a worker, and the directory, is missing. */
const MAY_RESUME = (turn: string): string =>
  `(${turn}.state = 'limited' AND ${turn}.resumes_at <= now() AND (${turn}.retry_at IS NULL OR ${turn}.retry_at <= now())
    AND NOT ${IS_HELD(turn)})`;

/**
 * May start now: FIFO per session, one conversation at a time unless fresh, one writer per working tree. Nobody stands
 * behind the writers of a session that waits, perhaps for hours, for its provider's limit; but behind one whose limit is
 * over, or it would never come to its turn where others are busy.
 */
const MAY_START = `
  NOT ${IS_HELD('t')}
  AND NOT EXISTS (
    SELECT 1 FROM turns o WHERE o.session_id = t.session_id AND o.id <> t.id AND (
      (${IS_BEFORE})
      OR (o.state IN ('starting', 'running', 'stopping', 'limited') AND NOT (o.fresh OR t.fresh))
    )
  )
  AND (t.read_only OR NOT EXISTS (
    SELECT 1 FROM turns o WHERE o.working_tree = t.working_tree AND o.id <> t.id AND NOT o.read_only AND (
      o.state IN ${ACTIVE} OR (${MAY_RESUME('o')} AND ${COMES_FIRST}) OR (${IS_BEFORE} AND NOT EXISTS (
        SELECT 1 FROM turns l
        WHERE l.session_id = o.session_id AND l.state = 'limited' AND NOT (l.fresh OR o.fresh)
      ))
    )
  ))`;

/** Waiting for a worker: to be started, resumed after a limit, or taken over from a worker that is gone. */
const DUE = `
  (t.lease_until IS NULL OR t.lease_until < now())
  AND (t.retry_at IS NULL OR t.retry_at <= now())
  AND (
    t.state IN ${ACTIVE}
    OR ${MAY_RESUME('t')}
    OR (t.state = 'queued' AND ${MAY_START})
  )`;

/** A new execution: nothing of an earlier one counts. */
const NEW_ATTEMPT = `state = 'starting', attempts = attempts + 1, stdout_offset = 0, stderr_offset = 0,
  stderr_tail = '', parser = NULL, text = NULL, exit_code = NULL, signal = NULL, error = NULL, hostname = NULL, cwd = NULL,
  started_at = NULL, resumes_at = NULL, unreachable_ms = 0`;

/** Who drives which turn: claims with a lease and a fence. Every write of a driver names its fence. */
@Injectable()
export class TurnClaims {
  constructor(
    private readonly database: Database,
    private readonly presence: Presence,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Claims the turn if it is due; null when it is not, or another worker was quicker. `begun`: it is a new execution. */
  async claim(turnId: string): Promise<{ row: TurnRow; begun: boolean } | null> {
    const worker = await this.presence.number();
    try {
      const [claimed] = await this.database.query<{ begun: boolean; fence: number }>(
        `WITH due AS (
           SELECT t.id, t.fence + 1 AS claimed, t.state IN ('queued', 'limited') AS begun
           FROM turns t WHERE t.id = $1 AND ${DUE} FOR UPDATE
         ), taken AS (
           UPDATE turns SET fence = fence + 1, worker = $2, lease_until = now() + $3 * interval '1 ms', retry_at = NULL
           FROM due WHERE turns.id = due.id AND NOT due.begun
         ), begun AS (
           UPDATE turns SET fence = fence + 1, worker = $2, lease_until = now() + $3 * interval '1 ms', retry_at = NULL,
             ${NEW_ATTEMPT}
           FROM due WHERE turns.id = due.id AND due.begun
         )
         SELECT begun, claimed AS fence FROM due`,
        [turnId, worker, this.config.leaseMs],
      );
      if (!claimed) return null;
      const row = await this.database.of(TurnEntity).findOneByOrFail({ id: turnId });
      // One who was held up here until his lease ran out must not take the fence of the next for his own.
      return row.fence === claimed.fence ? { row, begun: claimed.begun } : null;
    } catch (error) {
      if (violates(error, 'turns_one_writer')) return null;
      throw error;
    }
  }

  /** The directory in which a writing turn works is really that one. False: another one writes there. */
  async enter({ turnId, fence }: Claim, workingTree: string): Promise<boolean> {
    try {
      await this.database.query('UPDATE turns SET working_tree = $3 WHERE id = $1 AND fence = $2', [
        turnId,
        fence,
        workingTree,
      ]);
      return true;
    } catch (error) {
      if (violates(error, 'turns_one_writer')) return false;
      throw error;
    }
  }

  /**
   * Renews the leases of all turns that this process drives; returns those that are no longer its own. One that was
   * written back to the queue, or to wait for a limit, is anybody's: a lease would hold it up.
   */
  async renew(claims: readonly Claim[]): Promise<string[]> {
    const kept = await this.database.query<{ id: string }>(
      `UPDATE turns t SET lease_until = now() + $3 * interval '1 ms'
       FROM unnest($1::uuid[], $2::bigint[]) AS mine(id, fence)
       WHERE t.id = mine.id AND t.fence = mine.fence AND t.state IN ${ACTIVE}
       RETURNING t.id`,
      [claims.map(({ turnId }) => turnId), claims.map(({ fence }) => fence), this.config.leaseMs],
    );
    const ids = new Set(kept.map(({ id }) => id));
    return claims.map(({ turnId }) => turnId).filter((turnId) => !ids.has(turnId));
  }

  /** Gives turns back, to be claimed again after `retryMs`. */
  async release(claims: readonly Claim[], retryMs: number): Promise<void> {
    await this.database.query(
      `UPDATE turns t SET lease_until = NULL, retry_at = now() + $3 * interval '1 ms'
       FROM unnest($1::uuid[], $2::bigint[]) AS mine(id, fence)
       WHERE t.id = mine.id AND t.fence = mine.fence`,
      [claims.map(({ turnId }) => turnId), claims.map(({ fence }) => fence), retryMs],
    );
  }

  /** Makes the turns due that wait for a host, not for their provider, and answers with them. */
  async wake(remoteId: string): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `UPDATE turns SET retry_at = NULL
       WHERE remote_id = $1 AND state = 'queued' AND retry_at > now() AND coalesce(waiting->>'code', '') NOT LIKE 'agent/%'
       RETURNING id`,
      [remoteId],
    );
    return rows.map(({ id }) => id);
  }

  /** Turns that a worker should take now. */
  async due(): Promise<string[]> {
    await this.presence.freeOrphans('turns');
    const rows = await this.database.query<{ id: string }>(
      `SELECT t.id FROM turns t
       WHERE t.state IN ('queued', 'starting', 'running', 'stopping', 'limited') AND ${DUE}
       ORDER BY t.position LIMIT 1000`,
    );
    return rows.map(({ id }) => id);
  }

  /** Turns that may start because the given one has ended: the next of its session and of its working tree. */
  async nextAfter(turn: TurnRow, sql: Sql): Promise<string[]> {
    const rows = await sql.query<{ id: string }>(
      `SELECT t.id FROM turns t
       WHERE t.state IN ('queued', 'limited') AND (t.session_id = $1 OR t.working_tree = $2) AND ${DUE}
       ORDER BY t.position LIMIT 20`,
      [turn.sessionId, turn.workingTree],
    );
    return rows.map(({ id }) => id);
  }
}
