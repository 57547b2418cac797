/** What has to be reached, by benchmark; read from the rows of one run. */
const DELAYS = [50, 150];
const ROUND_TRIPS = [0, ...DELAYS];

const TARGETS = {
  exec: (row) => [
    {
      target: 'warm exec at least 45 x as quick as fresh ssh, no delay',
      measured: row(0, 'fresh ssh').p50 / row(0, 'pooled, warm channel').p50,
      isMet: (ratio) => ratio >= 45,
    },
    ...ROUND_TRIPS.map((roundTripMs) => ({
      target: `warm exec not slower than by ControlMaster, ${roundTripMs} ms`,
      measured:
        row(roundTripMs, 'ssh by ControlMaster').p50 / row(roundTripMs, 'pooled, warm channel').p50,
      isMet: (ratio) => ratio >= 1,
    })),
  ],
  'durable-start': (row) => [
    {
      target: 'durable start accepted within 4 plain execs, no delay',
      measured: row(0, 'durable start, accepted').p50 / row(0, 'pooled, new channel').p50,
      isMet: (ratio) => ratio <= 4,
    },
    ...DELAYS.map((roundTripMs) => ({
      target: `durable start accepted within the round trip and 10 ms, ${roundTripMs} ms`,
      measured: row(roundTripMs, 'durable start, accepted').p50 - roundTripMs,
      isMet: (ms) => ms <= 10,
    })),
    ...ROUND_TRIPS.map((roundTripMs) => ({
      target: `exit known within 50 ms and the round trip (p99), ${roundTripMs} ms`,
      measured: row(roundTripMs, 'last byte written to exit known').p99 - roundTripMs,
      isMet: (ms) => ms <= 50,
    })),
  ],
  throughput: (row) =>
    ROUND_TRIPS.map((roundTripMs) => ({
      target: `durable run at least 0.5 of a plain channel, ${roundTripMs} ms`,
      measured: row(roundTripMs, 'durable run')['of a plain channel'],
      isMet: (ratio) => ratio >= 0.5,
    })),
  dispatch: (row) =>
    ROUND_TRIPS.map((roundTripMs) => ({
      target: `POST to first event at least ${roundTripMs === 0 ? 5 : 8} x as quick as fresh ssh, ${roundTripMs} ms`,
      measured:
        row(roundTripMs, 'fresh ssh, first byte').p50 / row(roundTripMs, 'POST to first event').p50,
      isMet: (ratio) => ratio >= (roundTripMs === 0 ? 5 : 8),
    })),
};

/** The targets of a benchmark beside what its rows say. */
export const judged = (name, rows) => {
  const row = (roundTripMs, subject) =>
    rows.find((entry) => entry.roundTripMs === roundTripMs && entry.subject === subject);
  return (TARGETS[name]?.(row) ?? []).map(({ target, measured, isMet }) => ({
    target,
    measured: Math.round(measured * 10) / 10,
    met: isMet(measured),
  }));
};
