import { Injectable } from '@nestjs/common';
import { Database, type Sql, type Tx } from '../database/index.js';
import { DomainError } from '../errors/index.js';
import { Doorbell } from './doorbell.js';
import { storable } from './storable.js';

/** One numbered fact of a stream. `seq` starts at 1 and has no gap. */
export interface LoggedEvent {
  stream: string;
  seq: number;
  type: string;
  /** RFC 3339 UTC. */
  at: string;
  data: unknown;
}

/** The events after the cursor are no longer kept; the client must take a fresh picture and go on from `oldest`. */
export class CursorExpired extends DomainError {
  readonly code = 'events/cursor-expired';
  readonly status = 410;

  constructor(
    stream: string,
    readonly oldest: number,
  ) {
    super(`Events of ${stream} before ${oldest} are no longer kept`, {
      hint: `Read the current state, then subscribe after ${oldest - 1}.`,
    });
  }
}

/**
 * Everything that a client can see, in numbered streams. An event is written in the transaction of the state that it
 * reports, so a client that sees the one can read the other. REST, SSE and socket.io read this log and nothing else.
 */
@Injectable()
export class EventLog {
  constructor(
    private readonly database: Database,
    private readonly doorbell: Doorbell,
  ) {}

  /**
   * Appends one event and returns its `seq`. The stream's row stays locked until the commit: that makes `seq` gapless
   * and its order the order of commits. A transaction that appends to several streams does so from the narrow to the
   * wide (`session`, then `groupchat` or `run`, then `server`), so that two never wait for each other.
   */
  async append(tx: Tx, stream: string, type: string, data: object): Promise<number> {
    return this.appendAll(tx, stream, [{ type, data }]);
  }

  /** Appends several events to one stream, in order, and returns the `seq` of the last. */
  async appendAll(
    tx: Tx,
    stream: string,
    events: readonly { type: string; data: object }[],
  ): Promise<number> {
    const [row] = await tx.query<{ head: number }>(
      `WITH next AS (
         INSERT INTO streams (stream, head) VALUES ($1, $2)
         ON CONFLICT (stream) DO UPDATE SET head = streams.head + $2
         RETURNING head
       ), appended AS (
         INSERT INTO events (stream, seq, type, at, data)
         SELECT $1, next.head - $2 + new.place, new.type, clock_timestamp(), new.data
         FROM next, unnest($3::text[], $4::jsonb[]) WITH ORDINALITY AS new(type, data, place)
       )
       SELECT head FROM next`,
      [
        stream,
        events.length,
        events.map(({ type }) => type),
        events.map(({ data }) => JSON.stringify(storable(data))),
      ],
    );
    if (!row) throw new Error(`PostgreSQL gave no number to an event of ${stream}`);
    tx.afterCommit(() => {
      this.doorbell.ring(stream);
    });
    return row.head;
  }

  /** Up to `limit` events after the cursor, and the number of the newest one that exists. */
  async read(
    stream: string,
    after: number,
    limit: number,
  ): Promise<{ events: LoggedEvent[]; head: number }> {
    const rows = await this.database.query<Omit<LoggedEvent, 'at'> & { at: Date }>(
      'SELECT stream, seq, type, at, data FROM events WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3',
      [stream, after, limit],
    );
    const events = rows.map((row) => ({ ...row, at: row.at.toISOString() }));
    const last = events.at(-1);
    const isWhole = events[0]?.seq === after + 1;
    if (last && isWhole && events.length < limit) return { events, head: last.seq };
    const [cursor] = await this.database.query<{ head: number; oldest: number }>(
      'SELECT head, oldest FROM streams WHERE stream = $1',
      [stream],
    );
    if (cursor && !isWhole && after + 1 < cursor.oldest) {
      throw new CursorExpired(stream, cursor.oldest);
    }
    return { events, head: cursor?.head ?? 0 };
  }

  /** The number of the newest event; 0 for a stream without any. */
  async head(stream: string, sql: Sql = this.database): Promise<number> {
    const [row] = await sql.query<{ head: number }>('SELECT head FROM streams WHERE stream = $1', [
      stream,
    ]);
    return row?.head ?? 0;
  }

  /** Calls `onBell` whenever the stream may have grown, in this process or another. Returns the way to stop it. */
  subscribe(stream: string, onBell: () => void): () => void {
    return this.doorbell.listen(stream, onBell);
  }
}
