/** An SSH server on this machine, for one key and the user who started it: a "remote" without a second machine. */
export interface LoopbackSsh {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly username: string;
  /** Home directory of everything that runs through it; nothing touches the real one. */
  readonly home: string;
  readonly clientKeyPath: string;
  readonly hostKeyFingerprint: string;
  /** Drops the TCP links that are open now, as a bad network does. New ones are taken. */
  cutConnections(): void;
  stop(): Promise<void>;
}
