import { type Link } from '../link.js';
import { type Health } from './pool-health.js';
import { type PoolState, stateAfter } from './pool-state.js';

/** A change of the latency is told when it is at least this large, both ways, and not more often than this. */
const NOTABLE_MS = 20;
const NOTABLE_SHARE = 0.5;
const LATENCY_EVERY_MS = 60_000;

/** What the users of a pool are told of its host: once per change, and nothing any more after `stop`. */
export class PoolReport {
  readonly #onState: (state: PoolState) => void;
  #state: PoolState | null = null;
  #toldAt = 0;
  #isStopped = false;

  constructor(onState: (state: PoolState) => void = () => undefined) {
    this.#onState = onState;
  }

  /** A host that is away stays so for those who watch it, however often it is tried. */
  connecting(): void {
    if (this.#state?.status === 'offline') return;
    const { latencyMs = null, transport = null, transportReasons = [] } = this.#state ?? {};
    this.#report({ status: 'connecting', error: null, latencyMs, transport, transportReasons });
  }

  /** There is one more link. */
  online({ latencyMs, transport, transportReasons }: Link): void {
    if (this.#isConnected) return;
    this.#report({ status: 'online', error: null, latencyMs, transport, transportReasons });
  }

  health({ trouble, latencyMs }: Health): void {
    if (!this.#isConnected || this.#state === null) return;
    this.#report({
      ...this.#state,
      status: trouble ? 'degraded' : 'online',
      error: trouble,
      latencyMs: latencyMs === null ? this.#state.latencyMs : Math.max(1, Math.round(latencyMs)),
    });
  }

  failed(error: Error): void {
    this.#report(stateAfter(error, this.#state));
  }

  unused(): void {
    const [latencyMs, transport] = [null, null];
    this.#report({ status: 'unused', error: null, latencyMs, transport, transportReasons: [] });
    this.#state = null;
  }

  /** Whatever comes next is news. */
  forget(): void {
    if (!this.#isConnected) this.#state = null;
  }

  stop(): void {
    this.#isStopped = true;
  }

  get #isConnected(): boolean {
    return this.#state?.status === 'online' || this.#state?.status === 'degraded';
  }

  #report(state: PoolState): void {
    const last = this.#state;
    const isNews = last?.status !== state.status || last.error?.code !== state.error?.code;
    if (!isNews && !this.#isNotable(last, state)) return;
    this.#state = state;
    this.#toldAt = performance.now();
    if (!this.#isStopped) this.#onState(state);
  }

  #isNotable(last: PoolState, { latencyMs }: PoolState): boolean {
    if (latencyMs === null || performance.now() - this.#toldAt < LATENCY_EVERY_MS) return false;
    const change = Math.abs(latencyMs - (last.latencyMs ?? 0));
    return change >= NOTABLE_MS && change >= (last.latencyMs ?? 0) * NOTABLE_SHARE;
  }
}
