import { Injectable } from '@nestjs/common';
import { Database } from '../../database/index.js';

/** A claim that is older than this belongs to a process that died: the next request takes it over. */
const LEASE_SECONDS = 30;
const KEPT_HOURS = 24;

export interface KeyedRequest {
  /** Who asked for what: a key means nothing outside its scope. */
  scope: string;
  key: string;
  bodyHash: string;
}

export interface KeptAnswer {
  status: number;
  /** As JSON text. */
  response: string;
  location: string | null;
}

export type Claim =
  | { outcome: 'claimed'; resourceId: string }
  | { outcome: 'answered'; answer: KeptAnswer }
  | { outcome: 'in-progress' }
  | { outcome: 'other-body' };

/** What was answered to requests with an `Idempotency-Key`, and which are being answered now. */
@Injectable()
export class IdempotencyKeys {
  constructor(private readonly database: Database) {}

  /**
   * Claims the key for this request, or says what became of it. Whoever repeats a request that died half-way gets the
   * same `resourceId` again, so that what the first attempt made is found instead of made twice.
   */
  async claim({ scope, key, bodyHash }: KeyedRequest, newResourceId: string): Promise<Claim> {
    const [claimed] = await this.database.query<{ resourceId: string }>(
      `INSERT INTO idempotency_keys AS k (scope, key, body_hash, resource_id, claimed_at)
       VALUES ($1, $2, $3, $4, now())
       ON CONFLICT (scope, key) DO UPDATE SET
         claimed_at = now(),
         body_hash = EXCLUDED.body_hash,
         resource_id = CASE WHEN k.body_hash = EXCLUDED.body_hash THEN k.resource_id ELSE EXCLUDED.resource_id END
       WHERE k.status IS NULL AND (
         k.claimed_at = '-infinity'
         OR (k.body_hash = EXCLUDED.body_hash AND k.claimed_at < now() - make_interval(secs => $5))
       )
       RETURNING resource_id AS "resourceId"`,
      [scope, key, bodyHash, newResourceId, LEASE_SECONDS],
    );
    if (claimed) return { outcome: 'claimed', resourceId: claimed.resourceId };
    const [known] = await this.database.query<{ bodyHash: string } & Nullable<KeptAnswer>>(
      `SELECT body_hash AS "bodyHash", status, response::text AS response, location
       FROM idempotency_keys WHERE scope = $1 AND key = $2`,
      [scope, key],
    );
    if (!known) return { outcome: 'in-progress' };
    if (known.bodyHash !== bodyHash) return { outcome: 'other-body' };
    const { status, response, location } = known;
    if (status === null || response === null) return { outcome: 'in-progress' };
    return { outcome: 'answered', answer: { status, response, location } };
  }

  async keep({ scope, key }: KeyedRequest, answer: KeptAnswer): Promise<void> {
    await this.database.query(
      `UPDATE idempotency_keys SET status = $3, response = $4::json, location = $5
       WHERE scope = $1 AND key = $2 AND status IS NULL`,
      [scope, key, answer.status, answer.response, answer.location],
    );
  }

  /** After a failure the key may be used again at once, also for a corrected body. */
  async release({ scope, key }: KeyedRequest): Promise<void> {
    await this.database.query(
      `UPDATE idempotency_keys SET claimed_at = '-infinity' WHERE scope = $1 AND key = $2 AND status IS NULL`,
      [scope, key],
    );
  }

  /** Forgets keys that nobody repeats any more. Returns how many. */
  async sweep(): Promise<number> {
    const rows = await this.database.query(
      'DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(hours => $1) RETURNING key',
      [KEPT_HOURS],
    );
    return rows.length;
  }
}

type Nullable<T> = { [K in keyof T]: T[K] | null };
