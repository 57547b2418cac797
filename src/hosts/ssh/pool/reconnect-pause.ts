import { DomainError } from '../../../platform/errors/domain-error.js';
import { isTransient } from '../../transient.js';

const SHORTEST_MS = 250;
const LONGEST_MS = 30_000;
/** A server that sheds load (`MaxStartups`, penalties) or a link that flickers takes the next login as a rule. */
const HANG_UPS = new Set(['ssh/connection-lost', 'ssh/session-limit']);
const HANG_UPS_TO_BEAR = 4;
const LOGINS_AT_ONCE = 2;
const LOGINS_TO_TRUST = 10;

/**
 * When the next connection may be tried, and how many at once. After a fault that only a person can heal (login, host
 * key): not before `reset`, because servers punish repeated failures by shutting out the whole address.
 */
export class ReconnectPause {
  #failures = 0;
  #hangUps = 0;
  #fault: Error | null = null;
  #until = 0;
  #trustedAfter = 0;

  /** The fault that forbids to connect now, or null. */
  get blockedBy(): Error | null {
    return this.remainingMs > 0 ? this.#fault : null;
  }

  /** Milliseconds until a connection may be tried; infinite when only `reset` helps. */
  get remainingMs(): number {
    return Math.max(0, this.#until - performance.now());
  }

  /** Whether the server just hung up, and not often in a row: worth another login before those who wait are told. */
  get isBearable(): boolean {
    return isHangUp(this.#fault) && this.#hangUps <= HANG_UPS_TO_BEAR;
  }

  /** One after the other when the server has hung up lately. */
  get loginsAtOnce(): number {
    return this.#trustedAfter > 0 ? 1 : LOGINS_AT_ONCE;
  }

  failed(error: Error): void {
    this.#fault = error;
    if (error instanceof DomainError && !isTransient(error)) {
      this.#until = Number.POSITIVE_INFINITY;
      return;
    }
    if (isHangUp(error)) {
      this.#hangUps += 1;
      this.#trustedAfter = LOGINS_TO_TRUST;
    }
    const ceilingMs = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#until = performance.now() + Math.max(SHORTEST_MS, ceilingMs * (0.5 + Math.random() / 2));
  }

  /** A connection was made and has carried work. */
  succeeded(): void {
    this.#failures = 0;
    this.#hangUps = 0;
    this.#trustedAfter = Math.max(0, this.#trustedAfter - 1);
  }

  /** The network may be another one by now: what only time heals may be healed. */
  forgive(): void {
    if (this.#until !== Number.POSITIVE_INFINITY) this.reset();
  }

  reset(): void {
    this.#failures = 0;
    this.#hangUps = 0;
    this.#fault = null;
    this.#until = 0;
  }
}

const isHangUp = (error: Error | null): boolean =>
  error instanceof DomainError && HANG_UPS.has(error.code);
