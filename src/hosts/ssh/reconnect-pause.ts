import { DomainError } from '../../platform/errors/domain-error.js';
import { isTransient } from '../transient.js';

const SHORTEST_MS = 250;
const LONGEST_MS = 15_000;

/**
 * When the next connection may be tried. After a fault that only a person can heal (login, host key): not before
 * `reset`, because servers punish repeated failures by shutting out the whole address.
 */
export class ReconnectPause {
  #failures = 0;
  #fault: Error | null = null;
  #until = 0;

  /** The fault that forbids to connect now, or null. */
  get blockedBy(): Error | null {
    return Date.now() < this.#until ? this.#fault : null;
  }

  failed(error: Error): void {
    this.#fault = error;
    if (error instanceof DomainError && !isTransient(error)) {
      this.#until = Number.POSITIVE_INFINITY;
      return;
    }
    const ceilingMs = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#until = Date.now() + Math.max(SHORTEST_MS, ceilingMs * (0.5 + Math.random() / 2));
  }

  reset(): void {
    this.#failures = 0;
    this.#fault = null;
    this.#until = 0;
  }
}
