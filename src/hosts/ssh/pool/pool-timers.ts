type Chore = 'grow' | 'login' | 'pulse' | 'refill' | 'retry' | 'sweep';

/** What a pool has to do later: each chore is waited for once at a time, and none keeps the process alive. */
export class PoolTimers {
  readonly #timers = new Map<Chore, NodeJS.Timeout>();
  #isStopped = false;

  once(chore: Chore, delayMs: number, action: () => void): void {
    if (this.#timers.has(chore) || this.#isStopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(chore);
      action();
    }, delayMs);
    this.#timers.set(chore, timer.unref());
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}
