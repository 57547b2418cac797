import { DomainError } from '../platform/errors/domain-error.js';

/** Something was asked of an agent that its CLI, or this server, cannot do. */
export class AgentUnsupported extends DomainError {
  readonly code = 'agent/unsupported';
  readonly status = 422;
}
