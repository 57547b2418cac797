import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { TurnsService } from '../../sessions/index.js';
import { type Checklist, type ChecklistTask } from '../checklist.js';
import { type RunTaskRow } from '../storage/run-task.entity.js';
import { RunTasksRepository } from '../storage/run-tasks.repository.js';
import { type RunRow } from '../storage/run.entity.js';
import { RunsRepository } from '../storage/runs.repository.js';
import { ADVANCE_RUN } from './advance-run.job.js';
import { haltReason, nextPass, withDocument } from './cursor.js';
import { judgePass, TURN_CEILING } from './pass-verdict.js';
import { taskPrompt } from './prompts.js';
import { RunFolders } from './run-folders.js';
import { type RunLease } from './run-lease.js';
import { RunRecord } from './run-record.js';
import { workingPath } from './working-copy.js';

/** Finds the first open task and hands it to the agent: task, turn and cursor in one transaction. */
@Injectable()
export class NextTask {
  constructor(
    private readonly folders: RunFolders,
    private readonly turns: TurnsService,
    private readonly runs: RunsRepository,
    private readonly tasks: RunTasksRepository,
    private readonly record: RunRecord,
  ) {}

  async step(run: RunRow, lease: RunLease): Promise<void> {
    const index = run.documentIndex;
    const document = run.documents[index];
    if (!document) {
      await this.finishPass(run, lease);
    } else if (document.skipped || document.stalled) {
      await lease.write(run, (tx, row) =>
        this.record.progress(tx, row, { documentIndex: index + 1, idleTurns: 0 }),
      );
    } else {
      await this.workOn(run, index, await this.folders.checklist(run, index), lease);
    }
  }

  private async workOn(
    run: RunRow,
    index: number,
    checklist: Checklist,
    lease: RunLease,
  ): Promise<void> {
    const { halt, gate, done, open } = checklist;
    const task = checklist.tasks.find(({ checked }) => !checked);
    const documents = withDocument(run, index, { done, open });
    // A gate is remembered when it stops the run: whoever resumes the run lets it through.
    const gateKey = gate && `${run.loop}:${index}:${gate.task}`;
    if (halt) {
      await lease.write(run, (tx, row) => this.record.end(tx, row, 'stopped', haltReason(halt)));
    } else if (!task) {
      await lease.write(run, (tx, row) =>
        this.record.progress(tx, row, { documents, documentIndex: index + 1, idleTurns: 0 }),
      );
    } else if (gate && gateKey !== run.passedGate) {
      const pause = { reason: 'human-gate' as const, detail: gate.reason ?? gate.task };
      await lease.write(run, (tx, row) =>
        this.record.move(tx, row, 'paused', { documents, pause, passedGate: gateKey }),
      );
    } else if (run.taskTurns >= TURN_CEILING) {
      await lease.write(run, (tx, row) => this.record.end(tx, row, 'failed', 'turn-ceiling'));
    } else {
      await this.handOut(run, index, task, checklist, lease);
    }
  }

  private async handOut(
    run: RunRow,
    index: number,
    task: ChecklistTask,
    { tasks, done, open }: Checklist,
    lease: RunLease,
  ): Promise<void> {
    const folder = await this.folders.of(run);
    const prompt = taskPrompt({
      documentPath: folder.absolute(workingPath(run, index)),
      loop: run.loop,
      at: new Date(),
      instructions: run.prompt,
    });
    await lease.write(run, async (tx, row) => {
      const turn = await this.turns.enqueue(tx, {
        sessionId: row.workSessionId ?? row.sessionId,
        kind: 'task',
        prompt,
        fresh: true,
        owner: { job: ADVANCE_RUN, id: row.id },
      });
      const boxes = tasks.map(({ text, checked }) => ({ text, checked }));
      const started = startedTask(row, index, task, { turnId: turn.id, boxes });
      await this.tasks.insert(tx, started);
      await this.record.task(tx, started);
      await this.record.progress(tx, row, {
        documents: withDocument(row, index, { done, open, worked: true }),
        turnId: turn.id,
        taskTurns: row.taskTurns + 1,
      });
    });
  }

  private async finishPass(run: RunRow, lease: RunLease): Promise<void> {
    await lease.write(run, async (tx, row) => {
      const verdict = judgePass(row);
      if (verdict.next === 'pass') await this.runs.change(tx, row, nextPass(row));
      else await this.record.end(tx, row, verdict.state, verdict.reason);
    });
  }
}

const startedTask = (
  run: RunRow,
  index: number,
  { line, text }: ChecklistTask,
  turn: { turnId: string; boxes: RunTaskRow['boxes'] },
): RunTaskRow => ({
  id: uuid(),
  runId: run.id,
  state: 'running',
  loop: run.loop,
  document: run.documents[index]?.path ?? '',
  line,
  text,
  ...turn,
  ticked: null,
  success: null,
  summary: null,
  error: null,
  startedAt: new Date(),
  finishedAt: null,
});
