import { type Readable } from 'node:stream';

import { type Channel } from '../channel.js';

export type StreamName = 'stdout' | 'stderr';
export interface ChannelChunk {
  stream: StreamName;
  data: Buffer;
}

/** Bytes taken from a channel and not yet asked for, above which the channel is paused. */
const HIGH_WATER_BYTES = 1024 * 1024;

/**
 * Both streams of a channel as one sequence of chunks, at the pace of the reader: a slow reader pauses the
 * channel. Ends when both streams have ended; throws what the channel was lost by. Listens from construction on.
 */
export class ChannelReader implements AsyncIterable<ChannelChunk> {
  readonly #queue: ChannelChunk[] = [];
  readonly #streams: readonly Readable[];
  #queuedBytes = 0;
  #open = 2;
  #paused = false;
  #failure: { error: unknown } | null = null;
  #wake: () => void = () => undefined;

  constructor(channel: Channel) {
    this.#streams = [channel.stdout, channel.stderr];
    this.#listen('stdout', channel.stdout);
    this.#listen('stderr', channel.stderr);
    // A broken pipe is told by `closed`, with the reason.
    channel.stdin.on('error', () => undefined);
    channel.closed.catch((error: unknown) => {
      this.fail(error);
    });
  }

  /** Makes the reader throw once it has handed out what had arrived. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ChannelChunk, void, undefined> {
    for (;;) {
      const chunk = this.#queue.shift();
      if (chunk !== undefined) {
        this.#queuedBytes -= chunk.data.length;
        if (this.#paused && this.#queuedBytes < HIGH_WATER_BYTES / 2) this.#pause(false);
        yield chunk;
      } else if (this.#failure !== null) {
        throw this.#failure.error;
      } else if (this.#open === 0) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #listen(stream: StreamName, readable: Readable): void {
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      this.#open -= 1;
      this.#wake();
    };
    readable.on('data', (data: Buffer) => {
      this.#queue.push({ stream, data });
      this.#queuedBytes += data.length;
      if (!this.#paused && this.#queuedBytes > HIGH_WATER_BYTES) this.#pause(true);
      this.#wake();
    });
    readable.on('end', end).on('close', end).on('error', end);
  }

  #pause(paused: boolean): void {
    this.#paused = paused;
    for (const stream of this.#streams) {
      if (paused) stream.pause();
      else stream.resume();
    }
  }
}
