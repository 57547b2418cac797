import { type Failure, toFailure } from '../../../platform/errors/domain-error.js';

/** What a look at a host that is connected has shown. */
export interface PoolLook {
  /** Milliseconds of the quickest round trip just now; null when none was answered since the last look. */
  latencyMs: number | null;
  /** Milliseconds for which some link has not answered. */
  unansweredMs: number;
  /** Why a further login that is needed does not succeed; null when none is needed or failing. */
  loginFault: Error | null;
  /** Milliseconds for which those who wait for a channel have seen none. */
  stalledMs: number;
}

export interface Health {
  /** Why the host is worse than online; null while it is not. */
  trouble: Failure | null;
  /** Milliseconds of one round trip, without the odd slow one; null when none is known. */
  latencyMs: number | null;
}

const UNANSWERED_MS = 5_000;
const STALLED_MS = 10_000;
/** Answers are slow when they take this long, and this many times longer than usual. */
const SLOW_MS = 1_000;
const SLOW_TIMES = 5;
/** One look is no proof, neither of trouble nor of its end. */
const LOOKS_TO_BELIEVE = 2;
const SAMPLES = 5;

/** Judges whether a host that is connected works as well as it usually does. */
export class PoolHealth {
  readonly #name: string;
  #samples: number[] = [];
  #usualMs: number | null = null;
  #trouble: Failure | null = null;
  #contrary = 0;

  constructor(name: string) {
    this.#name = name;
  }

  look(look: PoolLook): Health {
    const seen = this.#troubleIn(look);
    if (look.latencyMs !== null) this.#learn(look.latencyMs);
    this.#contrary = (seen === null) === (this.#trouble === null) ? 0 : this.#contrary + 1;
    if (this.#contrary >= LOOKS_TO_BELIEVE) {
      this.#contrary = 0;
      this.#trouble = seen;
    }
    return { trouble: this.#trouble, latencyMs: median(this.#samples) };
  }

  /** The connections are new: what was wrong with the old ones is over. */
  renewed(): void {
    this.#trouble = null;
    this.#contrary = 0;
    this.#samples = [];
  }

  #troubleIn({ latencyMs, unansweredMs, loginFault, stalledMs }: PoolLook): Failure | null {
    if (unansweredMs >= UNANSWERED_MS) {
      return this.#failure('ssh/timeout', 'A connection does not answer', LINK_HINT);
    }
    if (loginFault) return toFailure(loginFault);
    if (stalledMs >= STALLED_MS) {
      return this.#failure('ssh/session-limit', 'Work waits for a channel', LIMIT_HINT);
    }
    const usualMs = this.#usualMs ?? Infinity;
    if (latencyMs !== null && latencyMs >= SLOW_MS && latencyMs >= usualMs * SLOW_TIMES) {
      const times = `${Math.round(latencyMs)} ms, usually ${Math.round(usualMs)} ms`;
      return this.#failure('ssh/slow', `Answers take ${times}`, LINK_HINT);
    }
    return null;
  }

  /** What is usual changes slowly, so that a new normal is one day accepted as such. */
  #learn(latencyMs: number): void {
    this.#samples = [...this.#samples, latencyMs].slice(-SAMPLES);
    this.#usualMs ??= latencyMs;
    this.#usualMs += (latencyMs - this.#usualMs) / (latencyMs > this.#usualMs ? 64 : 8);
  }

  #failure(code: string, says: string, hint: string): Failure {
    return { code, message: `${this.#name}: ${says}`, hint };
  }
}

const LINK_HINT = 'Check network connectivity. Work that runs on the host goes on meanwhile.';
const LIMIT_HINT =
  'It goes on by itself. If it stays so, raise MaxSessions in sshd_config of the remote host.';

const median = (samples: readonly number[]): number | null =>
  samples.toSorted((one, other) => one - other)[Math.floor(samples.length / 2)] ?? null;
