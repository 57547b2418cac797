import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type PlaybookDocument, type PlaybookWorktree } from '../playbooks/playbook.js';

@Entity('playbooks')
export class PlaybookEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  name!: string;

  @Column('jsonb')
  documents!: PlaybookDocument[];

  @Column('boolean')
  loop!: boolean;

  @Column('int', { name: 'max_loops', nullable: true })
  maxLoops!: number | null;

  @Column('text', { nullable: true })
  prompt!: string | null;

  @Column('jsonb', { nullable: true })
  worktree!: PlaybookWorktree | null;

  @Column('uuid', { name: 'session_id', nullable: true })
  sessionId!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** A row as plain data. */
export type PlaybookRow = Pick<PlaybookEntity, keyof PlaybookEntity>;
