import { Column, Entity, PrimaryColumn } from 'typeorm';
import {
  type HostKeyLine,
  type KeptHostKey,
  type KeptHostKeys,
  type RefusedHostKey,
} from '../host-keys/kept-host-key.js';
import { type Remote, type RemoteState } from '../remote.js';

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
  hostKey!: KeptHostKey | null;

  /** The last key that was shown and refused. */
  @Column('jsonb', { name: 'offered_host_key', nullable: true })
  offeredHostKey!: RefusedHostKey | null;

  /** The same of the hosts on the way, by `host:port`. */
  @Column('jsonb', { name: 'hop_keys' })
  hopKeys!: Record<string, KeptHostKeys>;

  /** What a person imported beside the pins. */
  @Column('jsonb', { name: 'host_key_lines' })
  hostKeyLines!: HostKeyLine[];

  @Column('jsonb')
  state!: RemoteState;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** A row as a plain object. */
export type RemoteRow = Pick<RemoteEntity, keyof RemoteEntity>;
