import { type Random } from './random.js';

/** One thing that goes wrong: at what time after the beginning, what, to whom, and for how long. */
export interface Fault<Kind extends string = string> {
  atMs: number;
  kind: Kind;
  target: string;
  lastsMs: number;
}

export interface FaultChoice<Kind extends string> {
  kind: Kind;
  targets: readonly string[];
  /** Shortest and longest duration; absent for what happens in a moment. */
  lastsMs?: readonly [number, number];
}

/** The same faults in the same order for the same seed. Each kind comes as often as any other. */
export const faultSchedule = <Kind extends string>(
  random: Random,
  choices: readonly FaultChoice<Kind>[],
  { count, everyMs }: { count: number; everyMs: readonly [number, number] },
): Fault<Kind>[] => {
  const faults: Fault<Kind>[] = [];
  let bag: FaultChoice<Kind>[] = [];
  let atMs = 0;
  while (faults.length < count) {
    if (bag.length === 0) bag = [...choices];
    const [choice] = bag.splice(random.between(0, bag.length - 1), 1);
    if (!choice) throw new Error('There is no kind of fault');
    atMs += random.between(...everyMs);
    const [low, high] = choice.lastsMs ?? [0, 0];
    const target = random.pick(choice.targets);
    faults.push({ atMs, kind: choice.kind, target, lastsMs: random.between(low, high) });
  }
  return faults;
};

export const faultText = ({ atMs, kind, target, lastsMs }: Fault): string =>
  `${String(atMs).padStart(6)} ms ${kind} ${target}${lastsMs > 0 ? ` for ${lastsMs} ms` : ''}`;
