import { Controller, Get, Param } from '@nestjs/common';
import { type AgentModel, type AgentName, type Detection } from '../../agents/index.js';
import { Answers, id } from '../../platform/http/index.js';
import { agentName, detectionsSchema, modelsSchema } from './host-agents.schemas.js';
import { HostAgents } from './host-agents.service.js';

@Controller()
export class HostAgentsController {
  constructor(private readonly agents: HostAgents) {}

  @Get('hosts/local/agents')
  @Answers(detectionsSchema)
  local(): Promise<Detection[]> {
    return this.agents.detect(null);
  }

  @Get('remotes/:id/agents')
  @Answers(detectionsSchema)
  remote(@Param('id', { schema: id }) remoteId: string): Promise<Detection[]> {
    return this.agents.detect(remoteId);
  }

  @Get('hosts/local/agents/:agent/models')
  @Answers(modelsSchema)
  localModels(
    @Param('agent', { schema: agentName }) agent: AgentName,
  ): Promise<{ items: AgentModel[] }> {
    return this.agents.models(null, agent);
  }

  @Get('remotes/:id/agents/:agent/models')
  @Answers(modelsSchema)
  models(
    @Param('id', { schema: id }) remoteId: string,
    @Param('agent', { schema: agentName }) agent: AgentName,
  ): Promise<{ items: AgentModel[] }> {
    return this.agents.models(remoteId, agent);
  }
}
