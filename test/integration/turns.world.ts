import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { migrations } from '../../src/migrations/index.js';
import { TurnLedger } from '../../src/modules/sessions/drive/turn-ledger.js';
import { TurnRecorder } from '../../src/modules/sessions/drive/turn-recorder.js';
import {
  SessionEntity,
  type SessionRow,
} from '../../src/modules/sessions/storage/session.entity.js';
import { SessionsRepository } from '../../src/modules/sessions/storage/sessions.repository.js';
import { TurnClaims } from '../../src/modules/sessions/storage/turn-claims.js';
import { TurnEntity, type TurnRow } from '../../src/modules/sessions/storage/turn.entity.js';
import { TurnsRepository } from '../../src/modules/sessions/storage/turns.repository.js';
import { TurnEvents } from '../../src/modules/sessions/turn-events.js';
import { UsageRecords } from '../../src/modules/usage/index.js';
import { type Config } from '../../src/platform/config/index.js';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/index.js';
import { Database } from '../../src/platform/database/index.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { type Doorbell } from '../../src/platform/events/doorbell.js';
import { EventLog, type LoggedEvent } from '../../src/platform/events/index.js';
import { type JobQueue, type Presence } from '../../src/platform/queue/index.js';

/** Turns in a database of their own, which nobody drives. */
export class TurnsWorld {
  readonly log: EventLog;
  readonly turns: TurnsRepository;
  readonly sessions: SessionsRepository;
  readonly events: TurnEvents;
  readonly claims: TurnClaims;
  readonly ledger: TurnLedger;
  readonly jobs = { ring: () => undefined } as unknown as JobQueue;

  private constructor(
    readonly database: Database,
    readonly close: () => Promise<void>,
  ) {
    this.log = new EventLog(database, { ring: () => undefined } as unknown as Doorbell);
    this.turns = new TurnsRepository(database);
    this.sessions = new SessionsRepository(database);
    this.events = new TurnEvents(this.log, this.sessions);
    const presence = {
      number: () => Promise.resolve(1),
      freeOrphans: () => Promise.resolve(),
    } as unknown as Presence;
    this.claims = new TurnClaims(database, presence, { leaseMs: 60_000 } as Config);
    this.ledger = new TurnLedger(
      ...([database, this.turns, this.sessions, this.claims, this.events] as const),
      ...([this.jobs, new UsageRecords(database)] as const),
    );
  }

  static async open(): Promise<TurnsWorld> {
    const dir = await mkdtemp(join(tmpdir(), 'maestro-turns-'));
    const postgres = await startEmbeddedPostgres({ dir, log: () => undefined, fsync: false });
    const source = await new DataSource({
      type: 'postgres',
      url: postgres.url,
      entities: [SessionEntity, TurnEntity],
      migrations,
      installExtensions: false,
      parseInt8: true,
    }).initialize();
    await migrate(source);
    return new TurnsWorld(new Database(source), async () => {
      await source.destroy();
      await postgres.stop();
      await rm(dir, { recursive: true, force: true });
    });
  }

  async session(more: Partial<SessionRow> = {}): Promise<string> {
    const id = uuid();
    const now = new Date();
    await this.sessions.insert(this.database, {
      ...{ id, name: 's', agent: 'demo', cwd: '/x', remoteId: null, env: '', envNames: [] },
      ...{ args: [], model: null, effort: null, held: false, command: null, limits: {} },
      ...{ custom: null, autoRunFolder: null, parentSessionId: null, providerSessionId: null },
      ...{ createdAt: now, updatedAt: now },
      ...more,
    });
    return id;
  }

  async turn(sessionId: string, more: Partial<TurnRow> = {}): Promise<string> {
    const id = uuid();
    await this.turns.insert(this.database, {
      ...{ id, sessionId, kind: 'message', state: 'queued', prompt: 'x', readOnly: false },
      ...{ fresh: false, workingTree: id, held: false, ownerJob: null, ownerId: null },
      ...{ remoteId: null, hostname: null, cwd: null, nonce: '', attempts: 0, fence: 0 },
      ...{ worker: null, earlier: [], spentMs: 0, leaseUntil: null, retryAt: null, waiting: null },
      ...{ unreachableMs: 0, spools: null, stdoutOffset: 0, stderrOffset: 0, stderrTail: '' },
      ...{ parser: null, stop: null, text: null, providerSessionId: null, usage: null },
      ...{ exitCode: null, signal: null, error: null, resumesAt: null, queuedAt: new Date() },
      ...{ startedAt: null, lastActivityAt: null, finishedAt: null },
      ...more,
    });
    return id;
  }

  async stored(id: string): Promise<TurnRow> {
    const row = await this.turns.find(id);
    if (!row) throw new Error(`There is no turn ${id}`);
    return row;
  }

  /** A turn that one worker has claimed, and what that writes of it. */
  async claimed(turnId: string): Promise<{
    row: TurnRow;
    recorder: TurnRecorder;
    failures: unknown[];
  }> {
    const claim = await this.claims.claim(turnId);
    if (!claim) throw new Error('The turn was not claimed');
    const failures: unknown[] = [];
    const { row } = claim;
    const recorder = new TurnRecorder(row, this.database, this.turns, this.events, (error) => {
      failures.push(error);
    });
    return { row, recorder, failures };
  }

  async told(sessionId: string, limit = 100): Promise<LoggedEvent[]> {
    return (await this.log.read(`session:${sessionId}`, 0, limit)).events;
  }
}
