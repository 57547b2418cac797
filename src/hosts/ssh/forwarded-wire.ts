import { type ClientChannel } from 'ssh2';
import { type SshFailure } from './errors.js';
import { type Dial } from './wire.js';

const GOODBYE_MS = 1_000;

/** A wire through another host. `lossOfHop` tells why that host was lost, if it was. */
export const dialForwarded =
  (stream: ClientChannel, lossOfHop: () => SshFailure | null): Dial =>
  () => {
    let bytesRead = 0;
    let onGone: () => void;
    const closed = new Promise<void>((resolve) => {
      onGone = resolve;
    });
    stream.on('data', (data: Buffer) => {
      bytesRead += data.length;
    });
    stream.once('close', () => {
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
        stream.end();
        stream.close();
        stream.resume();
        // A host on the way that has stopped answering confirms nothing.
        setTimeout(onGone, GOODBYE_MS).unref();
      },
    };
  };
