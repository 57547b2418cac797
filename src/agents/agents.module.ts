import { Module } from '@nestjs/common';
import { AgentRegistry } from './agent-registry.js';

@Module({ providers: [AgentRegistry], exports: [AgentRegistry] })
export class AgentsModule {}
