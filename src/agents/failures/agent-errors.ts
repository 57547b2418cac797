import { DomainError } from '../../platform/errors/domain-error.js';
import { type TurnFailure } from '../adapter.js';

/** Something was asked of an agent that its CLI, or this server, cannot do. */
export class AgentUnsupported extends DomainError {
  readonly code = 'agent/unsupported';
  readonly status = 422;
}

/** The CLI of an agent could not be asked on its host, or gave no answer that makes sense. */
export class AgentUnavailable extends DomainError {
  readonly code: TurnFailure['code'];
  readonly status = 502;

  constructor({ code, message, hint }: Pick<TurnFailure, 'code' | 'message' | 'hint'>) {
    super(message, hint === undefined ? {} : { hint });
    this.code = code;
  }
}
