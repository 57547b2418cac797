import { type Failure, toFailure } from '../../../platform/errors/domain-error.js';
import { SshFailure, type SshErrorCode } from '../errors.js';
import { type Transport } from '../link.js';

/** `unused`: there is no connection because nobody needs one, and nothing is known any more. */
export type PoolStatus =
  'connecting' | 'online' | 'degraded' | 'offline' | 'auth-failed' | 'host-key-changed' | 'unused';

export interface PoolState {
  status: PoolStatus;
  /** Why the host cannot be reached, or is worse than online; null while all is well. */
  error: Failure | null;
  /** Milliseconds of one round trip, as measured last. */
  latencyMs: number | null;
  /** What carries the connections; null until one was made. */
  transport: Transport | null;
  /** What needs that transport, by the names of directives; none for the usual one. */
  transportReasons: readonly string[];
}

const STATUS_OF: Partial<Record<SshErrorCode, PoolStatus>> = {
  'ssh/auth-failed': 'auth-failed',
  'ssh/no-identity': 'auth-failed',
  'ssh/key-passphrase-required': 'auth-failed',
  'ssh/key-not-found': 'auth-failed',
  'ssh/key-permissions': 'auth-failed',
  'ssh/host-key-changed': 'host-key-changed',
  'ssh/host-key-revoked': 'host-key-changed',
};

/** @param last What was known before. */
export const stateAfter = (error: Error, last: PoolState | null): PoolState => ({
  status: (error instanceof SshFailure ? STATUS_OF[error.code] : undefined) ?? 'offline',
  error: toFailure(error),
  latencyMs: last?.latencyMs ?? null,
  transport: last?.transport ?? null,
  transportReasons: last?.transportReasons ?? [],
});
