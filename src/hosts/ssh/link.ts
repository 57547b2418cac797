import { type Channel } from '../channel.js';
import { type SshFailure } from './errors.js';

/** The server takes no further channel on this link just now. Back-pressure, no failure: ask again soon. */
export class ChannelRefused extends Error {}

/** A channel of a link, with what a pool must know to hold it ready. */
export interface LinkChannel extends Channel {
  /** Whether the program can take work: it runs, and its output is open. */
  readonly isOpen: boolean;
  /** Called when the program has ended, long before `closed` when nobody reads its output. */
  onExit: () => void;
}

/** What carries a link: the ssh2 library in this process, or the system's `ssh`. */
export type Transport = 'ssh2' | 'openssh';

/** One authenticated connection to a host. It ends once, with one reason, and tells its channels. */
export interface Link {
  readonly transport: Transport;
  /** What needs another transport than ssh2, by the names that the ssh config and known_hosts have for it. */
  readonly transportReasons: readonly string[];
  /** Milliseconds of one round trip, measured at the login. */
  readonly latencyMs: number;
  readonly isAlive: boolean;
  /** Called once, when the link has ended for whatever reason. */
  onLost: (failure: SshFailure) => void;
  /** Runs a command on a channel of its own. Rejects with `ChannelRefused` or, when the link is bad, an `SshFailure`. */
  open(command: string): Promise<LinkChannel>;
  /** Milliseconds of one round trip now. */
  measure(): Promise<number>;
  /** Says goodbye; the channels end as lost. Resolves when the link is closed. */
  close(): Promise<void>;
}
