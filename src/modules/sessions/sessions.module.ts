import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../../agents/index.js';
import { RemotesModule } from '../remotes/index.js';
import { UsageModule } from '../usage/index.js';
import { DriveTurnWorker } from './drive/drive-turn.worker.js';
import { RemoveSpoolsWorker } from './drive/remove-spools.worker.js';
import { SpoolHousekeeping } from './drive/spool-housekeeping.js';
import { StopTurnWorker } from './drive/stop-turn.worker.js';
import { TurnDriver } from './drive/turn-driver.js';
import { TurnInterruptions } from './drive/turn-interruptions.js';
import { TurnLedger } from './drive/turn-ledger.js';
import { TurnPlanner } from './drive/turn-planner.js';
import { WakeTurns } from './drive/wake-turns.js';
import { HistoryService } from './history.service.js';
import { SessionPlaces } from './session-places.js';
import { SessionSecrets } from './session-secrets.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';
import { QueueService } from './queue.service.js';
import { RemoveScratchWorker } from './scratch/remove-scratch.worker.js';
import { ScratchDirectories } from './scratch/scratch-directories.js';
import { ImagesRepository } from './storage/images.repository.js';
import { ScratchDirectoriesRepository } from './storage/scratch-directories.repository.js';
import { ScratchDirectoryEntity } from './storage/scratch-directory.entity.js';
import { SessionEntity } from './storage/session.entity.js';
import { SessionsRepository } from './storage/sessions.repository.js';
import { TurnClaims } from './storage/turn-claims.js';
import { TurnEntity } from './storage/turn.entity.js';
import { TurnsRepository } from './storage/turns.repository.js';
import { TurnEvents } from './turn-events.js';
import { TurnsController } from './turns.controller.js';
import { TurnsService } from './turns.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([SessionEntity, ScratchDirectoryEntity, TurnEntity]),
    AgentsModule,
    RemotesModule,
    UsageModule,
  ],
  controllers: [SessionsController, TurnsController],
  providers: [
    DriveTurnWorker,
    HistoryService,
    ImagesRepository,
    QueueService,
    RemoveScratchWorker,
    RemoveSpoolsWorker,
    ScratchDirectories,
    ScratchDirectoriesRepository,
    SessionPlaces,
    SessionSecrets,
    SessionsRepository,
    SessionsService,
    SpoolHousekeeping,
    StopTurnWorker,
    TurnClaims,
    TurnDriver,
    TurnInterruptions,
    TurnLedger,
    TurnPlanner,
    TurnEvents,
    TurnsRepository,
    TurnsService,
    WakeTurns,
  ],
  exports: [ImagesRepository, ScratchDirectories, SessionPlaces, SessionsService, TurnsService],
})
export class SessionsModule {}
