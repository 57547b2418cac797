import { setTimeout as delay } from 'node:timers/promises';

import { type FollowOptions, type RunEvent, type RunOffsets } from '../host.js';
import { isTransient } from '../transient.js';

export interface KeepFollowingOptions {
  /** Bytes already taken. */
  from: RunOffsets;
  /** Whether the host has accepted the run before: then it is only followed. */
  started: boolean;
  signal?: AbortSignal;
  /** Told once when the link is lost, and once when the host has answered again. */
  onLink?: (state: 'lost' | 'restored', error?: unknown) => void;
  backoff?: { firstMs?: number; maxMs?: number };
}

/** Two of the `DurableRuns`; what is to be started may be said by less than a `DurableRun`. */
export interface FollowedRuns<Run> {
  start(run: Run, options?: FollowOptions): AsyncIterable<RunEvent>;
  follow(run: Run, options?: FollowOptions): AsyncIterable<RunEvent>;
}

/**
 * A run from start to verdict over any number of lost links: starts it (or only follows), and attaches again from the
 * bytes delivered last whenever the link fails, for ever, at growing intervals. Ends by the verdict, by an error that
 * time does not heal, or by the signal, whose reason it throws. `accepted` is delivered once.
 */
export async function* keepFollowing<Run>(
  host: { runs: FollowedRuns<Run> },
  run: Run,
  {
    from,
    started,
    signal,
    onLink,
    backoff: { firstMs = 250, maxMs = 15_000 } = {},
  }: KeepFollowingOptions,
): AsyncGenerator<RunEvent> {
  const taken = { ...from };
  let isStarted = started;
  let isAccepted = false;
  let isLost = false;
  let failures = 0;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const options = { from: { ...taken }, ...(signal === undefined ? {} : { signal }) };
      const events = isStarted ? host.runs.follow(run, options) : host.runs.start(run, options);
      for await (const event of events) {
        failures = 0;
        if (isLost) onLink?.('restored');
        isLost = false;
        if (event.type === 'accepted') {
          isStarted = true;
          if (isAccepted) continue;
          isAccepted = true;
        } else if (event.type === 'output') {
          taken[event.stream] = event.offset;
        }
        yield event;
        if (event.type === 'ended') return;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!isTransient(error)) throw error;
      if (!isLost) onLink?.('lost', error);
      isLost = true;
    }
    const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(failures, 20));
    failures += 1;
    // A third to all of it, so that many followers of one host do not come back at once.
    await delay(ceiling * (1 / 3 + (Math.random() * 2) / 3), undefined, { signal }).catch(
      () => undefined,
    );
  }
}
