import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SessionsModule } from '../sessions/index.js';
import { WorktreesModule } from '../worktrees/index.js';
import { DocumentsController } from './documents/documents.controller.js';
import { DocumentsService } from './documents/documents.service.js';
import { PlaybooksController } from './playbooks/playbooks.controller.js';
import { PlaybooksService } from './playbooks/playbooks.service.js';
import { AccountTask } from './runs/account-task.js';
import { AdvanceRun } from './runs/advance-run.js';
import { AdvanceSteps } from './runs/advance-steps.js';
import { ControlRun } from './runs/control-run.js';
import { NextTask } from './runs/next-task.js';
import { PrepareRun } from './runs/prepare-run.js';
import { RunFolders } from './runs/run-folders.js';
import { RunLeases } from './runs/run-lease.js';
import { RunRecord } from './runs/run-record.js';
import { RunsController } from './runs/runs.controller.js';
import { RunsService } from './runs/runs.service.js';
import { StartRun } from './runs/start-run.js';
import { SurveyDocuments } from './runs/survey-documents.js';
import { WatchTurn } from './runs/watch-turn.js';
import { PlaybookEntity } from './storage/playbook.entity.js';
import { PlaybooksRepository } from './storage/playbooks.repository.js';
import { RunTaskEntity } from './storage/run-task.entity.js';
import { RunTasksRepository } from './storage/run-tasks.repository.js';
import { RunEntity } from './storage/run.entity.js';
import { RunsRepository } from './storage/runs.repository.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([PlaybookEntity, RunEntity, RunTaskEntity]),
    SessionsModule,
    WorktreesModule,
  ],
  controllers: [DocumentsController, PlaybooksController, RunsController],
  providers: [
    ...[DocumentsService, PlaybooksService, RunsService],
    ...[StartRun, ControlRun, AdvanceRun, AdvanceSteps],
    ...[PrepareRun, SurveyDocuments, NextTask, WatchTurn, AccountTask],
    ...[RunFolders, RunLeases, RunRecord],
    ...[PlaybooksRepository, RunsRepository, RunTasksRepository],
  ],
  exports: [DocumentsService, PlaybooksService, RunsService],
})
export class AutorunModule {}
