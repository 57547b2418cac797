import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type RoundPhase } from '../group-chat.js';

@Entity('group_chat_rounds')
export class RoundEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'chat_id' })
  chatId!: string;

  /** The user's message that is being answered. */
  @Column('uuid', { name: 'message_id' })
  messageId!: string;

  @Column('int')
  number!: number;

  @Column('text')
  phase!: RoundPhase;

  /** The turn whose text opened the round; null until that is known. */
  @Column('uuid', { name: 'moderator_turn_id', nullable: true })
  moderatorTurnId!: string | null;

  @Column('timestamptz', { name: 'started_at' })
  startedAt!: Date;

  @Column('timestamptz', { name: 'closed_at', nullable: true })
  closedAt!: Date | null;
}

/** A row as a plain object. */
export type RoundRow = Pick<RoundEntity, keyof RoundEntity>;
