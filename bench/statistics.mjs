/** The value below which `share` of the sorted samples lie. */
const percentile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/** @param {number[]} samples milliseconds */
export const summary = (samples) => {
  const sorted = [...samples].sort((a, b) => a - b);
  const round = (ms) => Math.round(ms * 10) / 10;
  return {
    n: sorted.length,
    p50: round(percentile(sorted, 0.5)),
    p95: round(percentile(sorted, 0.95)),
    p99: round(percentile(sorted, 0.99)),
  };
};

/** The median of `peer / ours` over pairs that were measured one after the other. */
export const pairedRatio = (ours, peer) => {
  const ratios = ours.map((ms, index) => peer[index] / ms).sort((a, b) => a - b);
  return Math.round(percentile(ratios, 0.5) * 10) / 10;
};
