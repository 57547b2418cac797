import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type ParserState, type Tokens, type Usage } from '../../../agents/index.js';
import {
  type EarlierAttempt,
  type ShownImage,
  type TurnError,
  type TurnKind,
  type TurnState,
  type TurnWait,
} from '../turn.js';

export interface StopReason {
  reason: 'cancelled' | 'silent' | 'timeout';
  /** What ran when it was silent for too long. */
  tool?: string;
}

/** Why a turn is being stopped, and what it will be told to have ended with. */
export interface StopOrder extends StopReason {
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

/** A tool that was begun and has not ended. */
export interface OpenTool {
  id: string;
  name: string;
  /** Milliseconds since 1970. */
  since: number;
  /** How long its host had not been heard before, of the time of the attempt. */
  unheardMs: number;
}

/** What must be known to go on from an offset: the adapter's state, its open tools, and whether it has used any. */
export type StoredParserState = ParserState & {
  openTools?: OpenTool[];
  worked?: boolean;
  /** What the calls of models that it told of have used so far. */
  called?: Tokens;
  /**
   * Where on its host it works, absolute, what directory is its own, and with which conversation it went on: its session
   * may go on with another one meanwhile. The last two are missing where an earlier version of this server began it.
   */
  place?: {
    cwd: string;
    directory: string;
    providerSessionId?: string | null;
    spentBefore?: Usage | null;
  };
};

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

  @Column('text', { nullable: true })
  cwd!: string | null;

  @Column('text')
  nonce!: string;

  @Column('int')
  attempts!: number;

  /** Each named an attempt of its own on the host: `attempts` counts them too. */
  @Column('jsonb')
  earlier!: EarlierAttempt[];

  /** Of its absolute limit, by the earlier attempts and the waits between them; not by waits for a provider's limit. */
  @Column('bigint', { name: 'spent_ms' })
  spentMs!: number;

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

  @Column('jsonb')
  images!: ShownImage[];

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
