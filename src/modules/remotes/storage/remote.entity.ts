import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type Remote, type RemoteHostKey, type RemoteState, type ShownHostKey } from '../remote.js';

@Entity('remotes')
export class RemoteEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  name!: string;

  @Column('text')
  host!: string;

  @Column('int', { nullable: true })
  port!: number | null;

  @Column('text', { nullable: true })
  username!: string | null;

  @Column('text', { name: 'private_key_path', nullable: true })
  privateKeyPath!: string | null;

  /** Sealed. */
  @Column('text', { name: 'private_key', nullable: true })
  privateKey!: string | null;

  /** Sealed. */
  @Column('text', { nullable: true })
  passphrase!: string | null;

  @Column('text', { name: 'working_directory', nullable: true })
  workingDirectory!: string | null;

  /** Sealed JSON object. */
  @Column('text')
  env!: string;

  @Column('jsonb', { name: 'env_names' })
  envNames!: string[];

  @Column('boolean')
  enabled!: boolean;

  @Column('boolean', { name: 'use_ssh_config' })
  useSshConfig!: boolean;

  @Column('text', { name: 'host_key_policy' })
  hostKeyPolicy!: Remote['hostKeyPolicy'];

  @Column('boolean', { name: 'is_default' })
  isDefault!: boolean;

  /** The pinned key. */
  @Column('jsonb', { name: 'host_key', nullable: true })
  hostKey!: RemoteHostKey | null;

  /** The last key that was shown and refused. */
  @Column('jsonb', { name: 'offered_host_key', nullable: true })
  offeredHostKey!: RemoteHostKey | null;

  /** The same of the hosts on the way, by `host:port`: a remote that moves keeps them. */
  @Column('jsonb', { name: 'hop_keys' })
  hopKeys!: Record<string, ShownHostKey>;

  @Column('jsonb')
  state!: RemoteState;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** A row as a plain object. */
export type RemoteRow = Pick<RemoteEntity, keyof RemoteEntity>;
