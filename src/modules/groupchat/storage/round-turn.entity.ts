import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type Failure } from '../../../platform/errors/index.js';
import { type RoundTurnState } from '../group-chat.js';

/** One turn that a round asked for. */
@Entity('group_chat_round_turns')
export class RoundTurnEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'round_id' })
  roundId!: string;

  @Column('uuid', { name: 'chat_id' })
  chatId!: string;

  @Column('text')
  role!: 'moderator' | 'participant';

  @Column('uuid', { name: 'session_id' })
  sessionId!: string;

  @Column('text')
  handle!: string;

  /** Null when the session refused the turn. */
  @Column('uuid', { name: 'turn_id', nullable: true })
  turnId!: string | null;

  @Column('text')
  state!: RoundTurnState;

  /** The end of the turn has been seen: there is nothing more to wait for, not even a late answer. */
  @Column('boolean')
  settled!: boolean;

  @Column('timestamptz', { name: 'deadline_at', nullable: true })
  deadlineAt!: Date | null;

  @Column('jsonb', { nullable: true })
  failure!: Failure | null;

  @Column('double precision', { name: 'cost_usd', nullable: true })
  costUsd!: number | null;
}

/** A row as a plain object. */
export type RoundTurnRow = Pick<RoundTurnEntity, keyof RoundTurnEntity>;
