import { Injectable } from '@nestjs/common';
import { type RunRow } from '../storage/run.entity.js';
import { haltReason, withDocument } from './cursor.js';
import { RunFolders } from './run-folders.js';
import { type RunLease } from './run-lease.js';
import { RunRecord } from './run-record.js';
import { RunsRepository } from '../storage/runs.repository.js';

/** At the beginning of a pass every document is read and counted, one a step, before the first task is handed out. */
@Injectable()
export class SurveyDocuments {
  constructor(
    private readonly folders: RunFolders,
    private readonly runs: RunsRepository,
    private readonly record: RunRecord,
  ) {}

  async step(run: RunRow, lease: RunLease): Promise<void> {
    const index = run.documentIndex;
    const document = run.documents[index];
    if (!document) {
      await lease.write(run, (tx, row) =>
        this.record.progress(tx, row, { surveyedLoop: row.loop, documentIndex: 0 }),
      );
      return;
    }
    const documentIndex = index + 1;
    if (document.skipped) {
      await lease.write(run, (tx, row) => this.runs.change(tx, row, { documentIndex }));
      return;
    }
    await this.folders.prepareCopy(run, index);
    const { halt, done, open } = await this.folders.checklist(run, index);
    await lease.write(run, async (tx, row) => {
      const documents = withDocument(row, index, { done, open, worked: open > 0 });
      await this.runs.change(tx, row, { documents, documentIndex });
      if (halt) await this.record.end(tx, row, 'stopped', haltReason(halt));
    });
  }
}
