import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('group_chat_participants')
export class ParticipantEntity {
  @PrimaryColumn('uuid', { name: 'chat_id' })
  chatId!: string;

  @PrimaryColumn('uuid', { name: 'session_id' })
  sessionId!: string;

  @Column('text')
  handle!: string;

  @Column('timestamptz', { name: 'added_at' })
  addedAt!: Date;

  /** A tombstone: the user removed it, so only the user brings it back. */
  @Column('timestamptz', { name: 'removed_at', nullable: true })
  removedAt!: Date | null;
}

/** A row as a plain object. */
export type ParticipantRow = Pick<ParticipantEntity, keyof ParticipantEntity>;
