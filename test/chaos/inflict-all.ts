import { setTimeout as delay } from 'node:timers/promises';
import { type Fault } from './fault-schedule.js';

/** Lets every fault come at its time, one at a time for each target, until all have come or the signal ends it. */
export const inflictAll = async <Kind extends string>(
  faults: readonly Fault<Kind>[],
  signal: AbortSignal,
  inflict: (fault: Fault<Kind>) => Promise<void>,
): Promise<void> => {
  const begin = Date.now();
  const busy = new Map<string, Promise<void>>();
  for (const fault of faults) {
    const left = Math.max(0, begin + fault.atMs - Date.now());
    await delay(left, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    const before = busy.get(fault.target) ?? Promise.resolve();
    const inflicted = before.then(() => inflict(fault));
    // It is thrown where all are waited for.
    inflicted.catch(() => undefined);
    busy.set(fault.target, inflicted);
  }
  await Promise.all(busy.values());
};
