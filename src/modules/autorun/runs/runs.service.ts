import { Injectable } from '@nestjs/common';
import { page, type Page, type PageQuery } from '../../../platform/http/index.js';
import { TurnsService } from '../../sessions/index.js';
import { RunNotFound } from '../autorun.errors.js';
import { RunTasksRepository, toRunTask } from '../storage/run-tasks.repository.js';
import { type RunRow } from '../storage/run.entity.js';
import { RunsRepository } from '../storage/runs.repository.js';
import { ControlRun } from './control-run.js';
import { currentDocument, progressOf } from './run-progress.js';
import { type RunCommand } from './run-state.js';
import { totalUsage } from './run-usage.js';
import { type Run, type RunState, type RunTask } from './run.js';
import { type RunsQuery, type StartRunRequest } from './runs.schemas.js';
import { StartRun } from './start-run.js';

/** Runs as clients see them: started, looked at, told what to do. What takes them on is `AdvanceRun`. */
@Injectable()
export class RunsService {
  constructor(
    private readonly runs: RunsRepository,
    private readonly tasks: RunTasksRepository,
    private readonly turns: TurnsService,
    private readonly starting: StartRun,
    private readonly control: ControlRun,
  ) {}

  async start(id: string, request: StartRunRequest): Promise<Run> {
    return this.view(await this.starting.start(id, request));
  }

  async tell(id: string, command: RunCommand, expectedState?: RunState): Promise<Run> {
    return this.view(await this.control.tell(id, command, expectedState));
  }

  async get(id: string): Promise<Run> {
    return this.view(await this.row(id));
  }

  async list({ cursor, limit, ...filter }: RunsQuery): Promise<Page<Run>> {
    const rows = await this.runs.page(filter, cursor, limit + 1);
    return page(await this.views(rows), limit, ({ id }) => id);
  }

  async listTasks(id: string, { cursor, limit }: PageQuery): Promise<Page<RunTask>> {
    await this.row(id);
    const rows = await this.tasks.page(id, cursor, limit + 1);
    return page(rows.map(toRunTask), limit, (task) => task.id);
  }

  private async row(id: string): Promise<RunRow> {
    const row = await this.runs.find(id);
    if (!row) throw new RunNotFound(id);
    return row;
  }

  private async view(row: RunRow): Promise<Run> {
    const [run] = await this.views([row]);
    if (!run) throw new RunNotFound(row.id);
    return run;
  }

  private async views(rows: readonly RunRow[]): Promise<Run[]> {
    const turnIds = await this.tasks.turnIds(rows.map(({ id }) => id));
    const turns = await this.turns.find([...turnIds.values()].flat());
    const usages = new Map(turns.map(({ id, usage }) => [id, usage]));
    return rows.map((row) => ({
      id: row.id,
      sessionId: row.sessionId,
      workSessionId: row.workSessionId,
      playbookId: row.playbookId,
      state: row.state,
      pause: row.pause,
      endReason: row.endReason,
      loop: row.loop,
      document: currentDocument(row),
      progress: progressOf(row),
      worktreeId: row.worktreeId,
      pullRequest: null,
      turnId: row.turnId,
      usage: totalUsage((turnIds.get(row.id) ?? []).map((id) => usages.get(id) ?? null)),
      createdAt: row.createdAt.toISOString(),
      startedAt: row.startedAt?.toISOString() ?? null,
      finishedAt: row.finishedAt?.toISOString() ?? null,
    }));
  }
}
