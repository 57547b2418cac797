import { DomainError } from '../platform/errors/domain-error.js';

/** Faults of the network or of a busy host, which time heals; all others need a person or another request. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  'ssh/refused',
  'ssh/timeout',
  'ssh/unresolved',
  'ssh/no-route',
  'ssh/connection-lost',
  'ssh/session-limit',
]);

/** Whether the same call may succeed later without anybody doing anything. */
export const isTransient = (error: unknown): boolean =>
  error instanceof DomainError && TRANSIENT_CODES.has(error.code);
