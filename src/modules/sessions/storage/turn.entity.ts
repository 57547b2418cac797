import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type ParserState, type Usage } from '../../../agents/index.js';
import { type TurnError, type TurnKind, type TurnState, type TurnWait } from '../turn.js';

/** Why a turn is being stopped, and what it will be told to have ended with. */
export interface StopOrder {
  reason: 'cancelled' | 'silent' | 'timeout';
  at: string;
  /** Set once the host has proved that nothing of the run is left. */
  proved: boolean;
  /** Processes that would not go, as the host reported them last. */
  stuckPids?: number[];
}

/** What is still on the host of an attempt whose end is recorded. */
export interface Spools {
  attempt: number;
  /** A start may still be on its way: it must not find a host that knows nothing of the run. */
  fence: boolean;
}

/** What must be known to go on from an offset: the adapter's state, and the tools that were begun and have not ended. */
export type StoredParserState = ParserState & { openTools?: string[] };

@Entity('turns')
export class TurnEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'session_id' })
  sessionId!: string;

  @Column('text')
  kind!: TurnKind;

  @Column('text')
  state!: TurnState;

  @Column('text')
  prompt!: string;

  @Column('boolean', { name: 'read_only' })
  readOnly!: boolean;

  @Column('boolean')
  fresh!: boolean;

  @Column('text', { name: 'working_tree' })
  workingTree!: string;

  @Column({ type: 'double precision', insert: false })
  position!: number;

  @Column('boolean')
  held!: boolean;

  @Column('text', { name: 'owner_job', nullable: true })
  ownerJob!: string | null;

  @Column('uuid', { name: 'owner_id', nullable: true })
  ownerId!: string | null;

  @Column('uuid', { name: 'remote_id', nullable: true })
  remoteId!: string | null;

  @Column('text', { nullable: true })
  hostname!: string | null;

  @Column('text')
  nonce!: string;

  @Column('int')
  attempts!: number;

  @Column('bigint')
  fence!: number;

  @Column('int', { nullable: true })
  worker!: number | null;

  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil!: Date | null;

  @Column('timestamptz', { name: 'retry_at', nullable: true })
  retryAt!: Date | null;

  @Column('bigint', { name: 'stdout_offset' })
  stdoutOffset!: number;

  @Column('bigint', { name: 'stderr_offset' })
  stderrOffset!: number;

  @Column('text', { name: 'stderr_tail' })
  stderrTail!: string;

  @Column('jsonb', { nullable: true })
  parser!: StoredParserState | null;

  @Column('jsonb', { nullable: true })
  stop!: StopOrder | null;

  @Column('jsonb', { nullable: true })
  spools!: Spools[] | null;

  @Column('text', { nullable: true })
  text!: string | null;

  @Column('text', { name: 'provider_session_id', nullable: true })
  providerSessionId!: string | null;

  @Column('jsonb', { nullable: true })
  usage!: Usage | null;

  @Column('int', { name: 'exit_code', nullable: true })
  exitCode!: number | null;

  @Column('text', { nullable: true })
  signal!: string | null;

  @Column('jsonb', { nullable: true })
  error!: TurnError | null;

  @Column('jsonb', { nullable: true })
  waiting!: TurnWait | null;

  /** How long its host could not be heard since it began, without the time of `waiting`. */
  @Column('bigint', { name: 'unreachable_ms' })
  unreachableMs!: number;

  @Column('timestamptz', { name: 'resumes_at', nullable: true })
  resumesAt!: Date | null;

  @Column('timestamptz', { name: 'queued_at' })
  queuedAt!: Date;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt!: Date | null;

  @Column('timestamptz', { name: 'last_activity_at', nullable: true })
  lastActivityAt!: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}

/** A row as a plain object. */
export type TurnRow = Pick<TurnEntity, keyof TurnEntity>;
