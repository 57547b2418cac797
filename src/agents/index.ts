export {
  AGENT_NAMES,
  type AgentAdapter,
  type AgentCapabilities,
  type AgentModel,
  type AgentName,
  type Fact,
  type Launch,
  type Outcome,
  type Outbox,
  type ParserState,
  type ProcessEnd,
  type Tokens,
  type TurnErrorCode,
  type TurnFailure,
  type TurnFile,
  type TurnImage,
  type TurnRequest,
  type Usage,
} from './adapter.js';
export { AgentUnsupported } from './failures/agent-errors.js';
export { AgentRegistry } from './agent-registry.js';
export { AgentsModule } from './agents.module.js';
export { type CustomAgent, customAgentSchema } from './custom/custom-agent.js';
export { requireDefinition } from './custom/definition.js';
export {
  requireArguments,
  requireReadOnly,
  requireSettings,
  requireTurn,
} from './launch/demands.js';
export { type Detection, detectAgent, detectAgents, listModels } from './detection/detection.js';
export { PRICE_LIST, withEstimatedCost } from './estimated-cost.js';
export {
  answersSection,
  conversationSection,
  documentSection,
  participantsSection,
  type PromptRole,
  questionSection,
  requestSection,
  roleSection,
} from './prompt-sections.js';
