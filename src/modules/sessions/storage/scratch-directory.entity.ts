import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('scratch_directories')
export class ScratchDirectoryEntity {
  @PrimaryColumn('text')
  name!: string;

  /** Whose it is; null when it is to be removed. */
  @Column('uuid', { name: 'session_id', nullable: true })
  sessionId!: string | null;

  @Column('uuid', { name: 'remote_id', nullable: true })
  remoteId!: string | null;
}

/** A row as a plain object. */
export type ScratchDirectoryRow = Pick<ScratchDirectoryEntity, keyof ScratchDirectoryEntity>;
