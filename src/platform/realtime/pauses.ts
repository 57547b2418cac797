import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 1_000;

/** The pause after the log could not be read; ends early, without an error, when `signal` aborts. */
export const retryPause = async (signal: AbortSignal): Promise<void> => {
  await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
};
