import { type Fault } from './fault-schedule.js';

/** What a chaos run has lived through. */
export class ChaosReport {
  readonly #counts = new Map<string, number>();

  count(what: string, by = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + by);
  }

  fault({ kind }: Pick<Fault, 'kind'>): void {
    this.count(`fault: ${kind}`);
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  get faults(): number {
    return this.#sum((what) => what.startsWith('fault: '));
  }

  /** One line each, the figures below each other. */
  toString(): string {
    return [...this.#counts]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([what, count]) => `${String(count).padStart(10)}  ${what}`)
      .join('\n');
  }

  #sum(isMeant: (what: string) => boolean): number {
    return [...this.#counts].reduce((sum, [what, count]) => sum + (isMeant(what) ? count : 0), 0);
  }
}
