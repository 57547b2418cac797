export interface PoolLimits {
  maxConnections: number;
  /** Channels per connection at most; OpenSSH takes 10 unless told otherwise. */
  channelsPerConnection: number;
  /** Channels held ready on a host that had work lately. */
  warmChannels: number;
  /** A taken warm channel is replaced after this time: a login shell that starts at once would slow down the work. */
  refillAfterMs: number;
  /** How long a host counts as having work after a channel was asked for. */
  warmForMs: number;
  /** Another connection is made when somebody has waited this long. */
  growAfterMs: number;
  /** Longest wait for a channel, the making of a connection included. */
  openTimeoutMs: number;
  idleExtraMs: number;
  idleLastMs: number;
}

export const DEFAULT_LIMITS: PoolLimits = {
  maxConnections: 8,
  channelsPerConnection: 10,
  warmChannels: 2,
  refillAfterMs: 100,
  warmForMs: 600_000,
  growAfterMs: 20,
  openTimeoutMs: 30_000,
  idleExtraMs: 60_000,
  idleLastMs: 600_000,
};
