import { type Readable, type Writable } from 'node:stream';

/**
 * One loader waiting on a host: `/bin/sh` that will read one line from `stdin` and evaluate it (`runs/loader.ts`).
 * All operations of a `Host` are scripts for such a channel, so that a host is no more than a way to open one.
 */
export interface Channel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Resolves when the other side has closed. `code` is null when a signal ended it.
   * Rejects with a transient `DomainError` when the link was lost: then nothing is known.
   */
  readonly closed: Promise<{ code: number | null }>;
  /** Ends stdin and drops the channel; the loader on the host ends with it. Safe to call twice. */
  close(): void;
}

/** How urgent a channel is: control (cancel, status) before start, start before follow, follow before bulk. */
export type ChannelPriority = 'control' | 'start' | 'follow' | 'bulk';

export interface ChannelSource {
  /** Resolves when a loader is running on the host. Rejects with a `DomainError` (`ssh/*`). */
  open(priority: ChannelPriority, signal?: AbortSignal): Promise<Channel>;
}
