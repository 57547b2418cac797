import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type StopReason } from '../runs/run-state.js';
import { type RunDocument, type RunPause, type RunState } from '../runs/run.js';

/** The worktree that a run asked for; its id is chosen with the run, so that it is made once. */
export interface WantedRunWorktree {
  id: string;
  branch: string;
  base: string | null;
  pullRequest: boolean;
  targetBranch: string | null;
}

@Entity('runs')
export class RunEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'session_id' })
  sessionId!: string;

  @Column('uuid', { name: 'playbook_id', nullable: true })
  playbookId!: string | null;

  @Column('text')
  state!: RunState;

  @Column('jsonb', { nullable: true })
  pause!: RunPause | null;

  @Column('text', { name: 'end_reason', nullable: true })
  endReason!: string | null;

  /** Set while `stopping`: what it will say it ended for. */
  @Column('text', { name: 'stop_reason', nullable: true })
  stopReason!: StopReason | null;

  @Column('boolean')
  looping!: boolean;

  @Column('int', { name: 'max_loops', nullable: true })
  maxLoops!: number | null;

  @Column('text', { nullable: true })
  prompt!: string | null;

  @Column('jsonb', { nullable: true })
  worktree!: WantedRunWorktree | null;

  @Column('uuid', { name: 'worktree_id', nullable: true })
  worktreeId!: string | null;

  @Column('uuid', { name: 'work_session_id', nullable: true })
  workSessionId!: string | null;

  /** Where it writes: two open runs never have the same. */
  @Column('text', { name: 'working_tree' })
  workingTree!: string;

  /** The Auto Run folder, absolute on the host; null until the run is prepared. */
  @Column('text', { nullable: true })
  folder!: string | null;

  @Column('jsonb')
  documents!: RunDocument[];

  @Column('int')
  loop!: number;

  /** The pass whose documents were all read and counted. */
  @Column('int', { name: 'surveyed_loop' })
  surveyedLoop!: number;

  @Column('int', { name: 'document_index' })
  documentIndex!: number;

  /** The turn of the current task. */
  @Column('uuid', { name: 'turn_id', nullable: true })
  turnId!: string | null;

  @Column('int', { name: 'task_turns' })
  taskTurns!: number;

  /** Turns in a row that changed no task of the current document. */
  @Column('int', { name: 'idle_turns' })
  idleTurns!: number;

  @Column('int', { name: 'ticked_in_pass' })
  tickedInPass!: number;

  /** The human gate that a person has let the run through. */
  @Column('text', { name: 'passed_gate', nullable: true })
  passedGate!: string | null;

  @Column('bigint')
  fence!: number;

  /** The `Presence` number of who holds the lease. */
  @Column('int', { nullable: true })
  worker!: number | null;

  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil!: Date | null;

  /** Not worth looking at before, unless someone asks. */
  @Column('timestamptz', { name: 'retry_at', nullable: true })
  retryAt!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt!: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}

/** A row as plain data. */
export type RunRow = Pick<RunEntity, keyof RunEntity>;
