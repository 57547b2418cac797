import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type WorktreeState } from '../worktree.js';

@Entity('worktrees')
export class WorktreeEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'parent_session_id' })
  parentSessionId!: string;

  @Column('uuid', { name: 'session_id', nullable: true })
  sessionId!: string | null;

  @Column('text')
  state!: WorktreeState;

  @Column('text')
  branch!: string;

  /** As it was asked for. */
  @Column('text')
  base!: string;

  /** Stored before git is asked to make the branch: from then on the branch may be this row's own. */
  @Column('text', { name: 'base_sha', nullable: true })
  baseSha!: string | null;

  /** The place that was asked for. */
  @Column('text', { nullable: true })
  directory!: string | null;

  @Column('text', { nullable: true })
  path!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}

/** A row as plain data. */
export type WorktreeRow = Pick<WorktreeEntity, keyof WorktreeEntity>;
