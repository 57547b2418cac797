import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../../agents/index.js';
import { EnvironmentController } from './environment.controller.js';
import { HostAgentsController } from './host-agents.controller.js';
import { HostAgents } from './host-agents.service.js';
import { HostEnvironments } from './host-environments.service.js';
import { HostKeys } from './host-keys.js';
import { HostKeyAlarms } from './host-keys/host-key-alarms.js';
import { HostKeyDecisions } from './host-keys/host-key-decisions.js';
import { HostTestsService } from './host-tests.service.js';
import { RemoteHosts } from './remote-hosts.js';
import { RemoteSecrets } from './remote-secrets.js';
import { RemoteStates } from './remote-states.js';
import { RemoteWatch } from './remote-watch.js';
import { RemoteTargets } from './remote-targets.js';
import { RemotesController } from './remotes.controller.js';
import { RemotesService } from './remotes.service.js';
import { RemoteReportsRepository } from './storage/remote-reports.repository.js';
import { RemoteEntity } from './storage/remote.entity.js';
import { RemotesRepository } from './storage/remotes.repository.js';

@Module({
  imports: [TypeOrmModule.forFeature([RemoteEntity]), AgentsModule],
  controllers: [RemotesController, HostAgentsController, EnvironmentController],
  providers: [
    HostKeyAlarms,
    HostKeyDecisions,
    HostKeys,
    HostEnvironments,
    HostAgents,
    HostTestsService,
    RemoteHosts,
    RemoteSecrets,
    RemoteStates,
    RemoteTargets,
    RemoteReportsRepository,
    RemoteWatch,
    RemotesRepository,
    RemotesService,
  ],
  exports: [RemoteHosts, RemotesService],
})
export class RemotesModule {}
