import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type AgentName, type CustomAgent } from '../../../agents/index.js';
import { type SessionLimits } from '../session.js';

@Entity('sessions')
export class SessionEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  name!: string;

  @Column('text')
  agent!: AgentName;

  @Column('text')
  cwd!: string;

  @Column('uuid', { name: 'remote_id', nullable: true })
  remoteId!: string | null;

  /** Sealed JSON object. */
  @Column('text')
  env!: string;

  @Column('jsonb', { name: 'env_names' })
  envNames!: string[];

  @Column('jsonb')
  args!: string[];

  @Column('text', { nullable: true })
  model!: string | null;

  @Column('text', { nullable: true })
  effort!: string | null;

  /** Nothing of its queue begins. */
  @Column('boolean')
  held!: boolean;

  @Column('text', { nullable: true })
  command!: string | null;

  /** Of a custom agent only. */
  @Column('jsonb', { nullable: true })
  custom!: CustomAgent | null;

  @Column('text', { name: 'auto_run_folder', nullable: true })
  autoRunFolder!: string | null;

  @Column('jsonb')
  limits!: SessionLimits;

  @Column('uuid', { name: 'parent_session_id', nullable: true })
  parentSessionId!: string | null;

  @Column('text', { name: 'provider_session_id', nullable: true })
  providerSessionId!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** A row as a plain object. */
export type SessionRow = Pick<SessionEntity, keyof SessionEntity>;
