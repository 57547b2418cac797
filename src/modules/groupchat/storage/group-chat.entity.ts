import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type GroupChatLimits, type GroupChatState } from '../group-chat.js';

@Entity('group_chats')
export class GroupChatEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  name!: string;

  @Column('uuid', { name: 'moderator_session_id' })
  moderatorSessionId!: string;

  @Column('jsonb')
  limits!: GroupChatLimits;

  @Column('text')
  state!: GroupChatState;

  @Column('boolean')
  archived!: boolean;

  /** The number of the newest message. */
  @Column('int', { name: 'last_seq' })
  lastSeq!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** A row as a plain object. */
export type GroupChatRow = Pick<GroupChatEntity, keyof GroupChatEntity>;
