import { pairedRatio, summary } from './statistics.mjs';

/** One row per subject: its milliseconds, and how many times quicker it was than the `peer` of the same round. */
export const comparison = (samples, facts, peer) =>
  Object.entries(samples).map(([subject, ms]) => ({
    ...facts,
    subject,
    ...summary(ms),
    ...(peer ? { [`x ${peer}`]: pairedRatio(ms, samples[peer]) } : {}),
  }));
