import { Controller, Get, Param, Query } from '@nestjs/common';
import { Answers, id } from '../../platform/http/index.js';
import {
  environmentQuery,
  type EnvironmentQuery,
  environmentSchema,
  type ShownEnvironment,
} from './environment.schemas.js';
import { HostEnvironments } from './host-environments.service.js';

@Controller()
export class EnvironmentController {
  constructor(private readonly environments: HostEnvironments) {}

  @Get('hosts/local/environment')
  @Answers(environmentSchema)
  local(@Query({ schema: environmentQuery }) query: EnvironmentQuery): Promise<ShownEnvironment> {
    return this.environments.of(null, query);
  }

  @Get('remotes/:id/environment')
  @Answers(environmentSchema)
  remote(
    @Param('id', { schema: id }) remoteId: string,
    @Query({ schema: environmentQuery }) query: EnvironmentQuery,
  ): Promise<ShownEnvironment> {
    return this.environments.of(remoteId, query);
  }
}
