export * from './adapter.js';
export { AgentUnsupported } from './agent-errors.js';
export { AgentRegistry } from './agent-registry.js';
export { AgentsModule } from './agents.module.js';
export { type Detection, detectAgent } from './detection.js';
export * from './prompt-sections.js';
