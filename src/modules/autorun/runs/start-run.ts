import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Database, makeOnce } from '../../../platform/database/index.js';
import { storableText } from '../../../platform/events/index.js';
import { JobQueue } from '../../../platform/queue/index.js';
import { SessionsService } from '../../sessions/index.js';
import { DocumentMissing, HaltMarkerPresent, PullRequestUnsupported } from '../autorun.errors.js';
import { type Checklist, parseChecklist, resetChecklist } from '../checklist.js';
import { DocumentsService } from '../documents/documents.service.js';
import { PlaybooksService } from '../playbooks/playbooks.service.js';
import { type RunTaskRow } from '../storage/run-task.entity.js';
import { RunTasksRepository } from '../storage/run-tasks.repository.js';
import { type RunRow } from '../storage/run.entity.js';
import { RunsRepository } from '../storage/runs.repository.js';
import { ADVANCE_RUN } from './advance-run.job.js';
import { withDocument } from './cursor.js';
import { plannedRun } from './run-plan.js';
import { RunRecord } from './run-record.js';
import { type RunDocument } from './run.js';
import { type StartRunRequest } from './runs.schemas.js';

/** Takes a run on, after a look at its documents: a halt marker that an earlier run left would stop it at once. */
@Injectable()
export class StartRun {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionsService,
    private readonly playbooks: PlaybooksService,
    private readonly documents: DocumentsService,
    private readonly runs: RunsRepository,
    private readonly tasks: RunTasksRepository,
    private readonly record: RunRecord,
    private readonly jobs: JobQueue,
  ) {}

  /** Under an id of the caller's choice: asking again never starts a second one. */
  async start(id: string, request: StartRunRequest): Promise<RunRow> {
    const known = await this.runs.find(id);
    if (known) return known;
    const { sessionId, playbookId, dryRun } = request;
    const playbook = playbookId === undefined ? null : await this.playbooks.get(playbookId);
    const run = plannedRun(id, request, await this.sessions.get(sessionId), playbook);
    if (run.worktree?.pullRequest) throw new PullRequestUnsupported();
    const checklists = await this.look(run, { mayMiss: !dryRun });
    return makeOnce(
      'runs_pkey',
      () => (dryRun ? this.recordDryRun(run, checklists) : this.queue(run)),
      async () => (await this.runs.find(id)) ?? run,
    );
  }

  private queue(run: RunRow): Promise<RunRow> {
    return this.database.transaction(async (tx) => {
      await this.runs.insert(tx, run);
      await this.record.tellState(tx, run);
      tx.afterCommit(() => {
        this.jobs.ring(ADVANCE_RUN.name, run.id);
      });
      return run;
    });
  }

  private recordDryRun(run: RunRow, checklists: readonly Checklist[]): Promise<RunRow> {
    const planned = checklists.flatMap((checklist, index) => plannedTasks(run, index, checklist));
    const counted = checklists.reduce(
      (documents, { done, open }, index) => withDocument({ documents }, index, { done, open }),
      run.documents,
    );
    const ended = { state: 'completed' as const, endReason: 'dry-run', finishedAt: new Date() };
    const row: RunRow = { ...run, ...ended, worktree: null, documents: counted };
    return this.database.transaction(async (tx) => {
      await this.runs.insert(tx, row);
      await this.tasks.insert(tx, planned);
      await this.record.tellState(tx, row);
      return row;
    });
  }

  /**
   * @param mayMiss a document that is not there yet is the run's concern when it gets to it
   * @throws {HaltMarkerPresent}
   */
  private async look(run: RunRow, { mayMiss }: { mayMiss: boolean }): Promise<Checklist[]> {
    const folder = await this.documents.folderOf(run.sessionId);
    const checklists: Checklist[] = [];
    for (const document of run.documents) {
      try {
        const { text } = await folder.read(document.path);
        checklists.push(checklistFor(document, storableText(text)));
      } catch (error) {
        if (!(mayMiss && error instanceof DocumentMissing)) throw error;
      }
    }
    return checklists;
  }
}

const checklistFor = ({ path, resetOnCompletion }: RunDocument, text: string): Checklist => {
  const checklist = parseChecklist(resetOnCompletion ? resetChecklist(text) : text);
  const { halt } = checklist;
  if (halt) throw new HaltMarkerPresent(path, halt.line, halt.reason);
  return checklist;
};

const plannedTasks = (run: RunRow, index: number, { tasks }: Checklist): RunTaskRow[] =>
  tasks
    .filter(({ checked }) => !checked)
    .map(({ line, text }) => ({
      id: uuid(),
      runId: run.id,
      state: 'planned',
      loop: 1,
      document: run.documents[index]?.path ?? '',
      line,
      text,
      turnId: null,
      boxes: null,
      ticked: null,
      success: null,
      summary: null,
      error: null,
      startedAt: null,
      finishedAt: null,
    }));
