export interface PoolLimits {
  /** One more is made for control when all of them are full. */
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
  /** Longest wait for a channel while nobody of the same urgency gets one and no connection is made. */
  openTimeoutMs: number;
  /** Longest time for making one connection, a person who has to touch a key included. */
  loginTimeoutMs: number;
  /** How often a connected or watched host is looked at. */
  pulseMs: number;
  idleExtraMs: number;
  idleLastMs: number;
}

export const DEFAULT_LIMITS: PoolLimits = {
  maxConnections: 60,
  channelsPerConnection: 10,
  warmChannels: 2,
  refillAfterMs: 100,
  warmForMs: 600_000,
  growAfterMs: 20,
  openTimeoutMs: 30_000,
  loginTimeoutMs: 120_000,
  pulseMs: 5_000,
  idleExtraMs: 60_000,
  idleLastMs: 600_000,
};
