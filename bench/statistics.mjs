const round = (value) => Math.round(value * 10) / 10;

/** The value below which `share` of the sorted samples lie. */
const percentile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

const sort = (samples) => [...samples].sort((a, b) => a - b);

/** @param {number[]} samples milliseconds */
export const summary = (samples) => {
  const sorted = sort(samples);
  return {
    n: sorted.length,
    p50: round(median(samples)),
    p95: round(percentile(sorted, 0.95)),
    p99: round(percentile(sorted, 0.99)),
  };
};

export const median = (samples) => {
  const sorted = sort(samples);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

/** The median of `peer / ours` over pairs that were measured one after the other. */
export const pairedRatio = (ours, peer) => {
  const ratio = median(ours.map((ms, index) => peer[index] / ms));
  return ratio < 10 ? Math.round(ratio * 100) / 100 : round(ratio);
};
