import { type Link } from './link.js';
import { type PoolState, stateAfter } from './pool-state.js';

/** What the users of a pool are told of its host: once per change, and nothing any more after `stop`. */
export class PoolReport {
  readonly #onState: (state: PoolState) => void;
  #state: PoolState | null = null;
  #isStopped = false;

  constructor(onState: (state: PoolState) => void = () => undefined) {
    this.#onState = onState;
  }

  connecting(): void {
    const { latencyMs = null, transport = null } = this.#state ?? {};
    this.#report({ status: 'connecting', error: null, latencyMs, transport });
  }

  online({ latencyMs, transport }: Link): void {
    this.#report({ status: 'online', error: null, latencyMs, transport });
  }

  failed(error: Error): void {
    this.#report(stateAfter(error, this.#state));
  }

  stop(): void {
    this.#isStopped = true;
  }

  #report(state: PoolState): void {
    const isNews =
      this.#state?.status !== state.status || this.#state.error?.code !== state.error?.code;
    this.#state = state;
    if (isNews && !this.#isStopped) this.#onState(state);
  }
}
