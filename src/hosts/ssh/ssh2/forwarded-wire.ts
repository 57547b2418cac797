import { Duplex } from 'node:stream';
import { type ClientChannel } from 'ssh2';
import { type SshFailure } from '../errors.js';
import { type Dial } from './wire.js';

const GOODBYE_MS = 1_000;

/** A wire through another host. `lossOfHop` tells why that host was lost, if it was. */
export const dialForwarded =
  (channel: ClientChannel, lossOfHop: () => SshFailure | null): Dial =>
  () => {
    let bytesRead = 0;
    let onGone: () => void;
    const closed = new Promise<void>((resolve) => {
      onGone = resolve;
    });
    const stream = new ForwardedStream(channel);
    channel.on('data', (data: Buffer) => {
      bytesRead += data.length;
    });
    channel.once('close', () => {
      onGone();
    });
    return {
      stream,
      get bytesRead() {
        return bytesRead;
      },
      closed,
      get fault() {
        return lossOfHop();
      },
      destroy: () => {
        channel.end();
        channel.close();
        channel.resume();
        // A host on the way that has stopped answering confirms nothing.
        setTimeout(onGone, GOODBYE_MS).unref();
      },
    };
  };

/**
 * The bytes of a channel, written once per turn of the event loop. ssh2 writes an encrypted packet in three parts, and
 * its chacha20-poly1305 keeps its work in memory that all clients of the process share: the host on the way must not
 * encrypt the first part while the other two are still to be made. It also makes one packet of three.
 */
class ForwardedStream extends Duplex {
  readonly #channel: ClientChannel;
  #isGathering = false;

  constructor(channel: ClientChannel) {
    super();
    this.#channel = channel;
    channel.on('data', (data: Buffer) => {
      if (!this.push(data)) channel.pause();
    });
    channel.once('end', () => this.push(null));
    channel.once('close', () => this.destroy());
    channel.on('error', (error: Error) => this.destroy(error));
  }

  override write(...args: [chunk: unknown, ...rest: never[]]): boolean {
    if (!this.#isGathering) {
      this.#isGathering = true;
      this.cork();
      process.nextTick(() => {
        this.#isGathering = false;
        this.uncork();
      });
    }
    return super.write(...args);
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#channel.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    this.#channel.end();
    done();
  }
}
