import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type Sender } from '../group-chat.js';

@Entity('group_chat_messages')
export class MessageEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'chat_id' })
  chatId!: string;

  @Column('int')
  seq!: number;

  @Column('int', { nullable: true })
  round!: number | null;

  @Column('text')
  sender!: Sender;

  @Column('uuid', { name: 'session_id', nullable: true })
  sessionId!: string | null;

  @Column('text')
  name!: string;

  @Column('text')
  text!: string;

  @Column('boolean')
  late!: boolean;

  @Column('boolean', { name: 'read_only' })
  readOnly!: boolean;

  @Column('uuid', { name: 'turn_id', nullable: true })
  turnId!: string | null;

  @Column('timestamptz')
  at!: Date;
}

/** A row as a plain object. */
export type MessageRow = Pick<MessageEntity, keyof MessageEntity>;
