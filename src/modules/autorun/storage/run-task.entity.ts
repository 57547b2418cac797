import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type Failure } from '../../../platform/errors/index.js';
import { type RunTaskState } from '../runs/run.js';

@Entity('run_tasks')
export class RunTaskEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'run_id' })
  runId!: string;

  @Column('text')
  state!: RunTaskState;

  @Column('int')
  loop!: number;

  @Column('text')
  document!: string;

  @Column('int')
  line!: number;

  @Column('text')
  text!: string;

  @Column('uuid', { name: 'turn_id', nullable: true })
  turnId!: string | null;

  /** The tasks of the document before the turn. */
  @Column('jsonb', { nullable: true })
  boxes!: { text: string; checked: boolean }[] | null;

  @Column('int', { nullable: true })
  ticked!: number | null;

  @Column('boolean', { nullable: true })
  success!: boolean | null;

  @Column('text', { nullable: true })
  summary!: string | null;

  @Column('jsonb', { nullable: true })
  error!: Failure | null;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt!: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}

/** A row as plain data. */
export type RunTaskRow = Pick<RunTaskEntity, keyof RunTaskEntity>;
