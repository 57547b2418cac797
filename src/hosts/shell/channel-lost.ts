import { DomainError } from '../../platform/errors/domain-error.js';

/** The channel to a host ended, or said nothing, before the answer was complete. Transient: see `isTransient`. */
export class ChannelLost extends DomainError {
  readonly status = 502;

  constructor(
    readonly code: 'ssh/connection-lost' | 'ssh/timeout',
    hostName: string,
    detail: string,
    hint = `${code === 'ssh/timeout' ? 'Check network connectivity and firewall rules. ' : ''}${TRIED_AGAIN}`,
  ) {
    super(`${hostName}: ${detail}`, { hint });
  }
}

const TRIED_AGAIN =
  'It is tried again by itself when it is needed. Work that runs on the host goes on meanwhile.';
