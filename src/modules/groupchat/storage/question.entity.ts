import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type EndReason } from '../group-chat.js';

/** A user's message as something to be answered. */
@Entity('group_chat_questions')
export class QuestionEntity {
  @PrimaryColumn('uuid', { name: 'message_id' })
  messageId!: string;

  @Column('uuid', { name: 'chat_id' })
  chatId!: string;

  /** Of the message. */
  @Column('int')
  seq!: number;

  @Column('text')
  state!: 'queued' | 'active' | 'ended';

  @Column('boolean', { name: 'read_only' })
  readOnly!: boolean;

  /** The moderator had its one chance to mend an answer that addressed nobody. */
  @Column('boolean')
  corrected!: boolean;

  /** The newest message when its answering began: up to here goes the earlier conversation. */
  @Column('int', { name: 'heard_seq' })
  heardSeq!: number;

  @Column('text', { name: 'end_reason', nullable: true })
  endReason!: EndReason | null;

  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;
}

/** A row as a plain object. */
export type QuestionRow = Pick<QuestionEntity, keyof QuestionEntity>;
