import { connect, type Socket } from 'node:net';
import { Frames } from './frames.js';
import { uint32, wireString } from './wire-format.js';

/** Messages of OpenSSH's PROTOCOL.mux. */
const HELLO = 0x00000001;
const VERSION = 4;
const REQUEST_PROXY = 0x1000000f;
const IS_PROXY = 0x8000000f;
const REQUEST_ID = 0;
const LARGEST_PACKET_BYTES = 256 * 1024;

/**
 * The control socket of an `ssh` master in proxy mode (PROTOCOL.mux, 8): packets of the SSH connection protocol
 * (RFC 4254), neither encrypted nor numbered. So channels cost neither a process nor a login each, and say how they end.
 */
export class MuxSocket {
  onPacket: (type: number, payload: Buffer) => void = () => undefined;
  /** Called once, when the master has closed it or speaks another language. */
  onClose: () => void = () => undefined;
  readonly #socket: Socket;

  /** Rejects when nobody listens there or the other side refuses; `signal` ends the wait. */
  static open(path: string, signal: AbortSignal): Promise<MuxSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      const giveUp = (): void => {
        socket.destroy();
      };
      signal.addEventListener('abort', giveUp, { once: true });
      const mux = new MuxSocket(socket);
      mux.onClose = () => {
        reject(new Error('the master of ssh closed its control socket'));
      };
      let isGreeted = false;
      mux.#onFrame = (frame) => {
        const message = frame.readUInt32BE(0);
        if (!isGreeted && message === HELLO) {
          isGreeted = true;
          mux.#write(Buffer.concat([uint32(REQUEST_PROXY), uint32(REQUEST_ID)]));
        } else if (isGreeted && message === IS_PROXY) {
          mux.#onFrame = (packet) => {
            mux.onPacket(packet.readUInt8(1), packet.subarray(2));
          };
          signal.removeEventListener('abort', giveUp);
          resolve(mux);
        } else {
          reject(new Error('the master of ssh refuses the proxy mode'));
          socket.destroy();
        }
      };
      socket.once('connect', () => {
        mux.#write(Buffer.concat([uint32(HELLO), uint32(VERSION)]));
      });
    });
  }

  #onFrame: (frame: Buffer) => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    const frames = new Frames(LARGEST_PACKET_BYTES, (frame) => {
      this.#onFrame(frame);
    });
    socket.on('data', (data: Buffer) => {
      try {
        frames.push(data);
      } catch (error) {
        // What cannot be understood cannot be gone on with; a bug of ours must not look like that.
        if (!(error instanceof RangeError)) throw error;
        socket.destroy();
      }
    });
    socket.once('close', () => {
      this.onClose();
    });
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  send(type: number, ...payload: readonly Buffer[]): void {
    const noPadding = 0;
    this.#write(Buffer.concat([Buffer.of(noPadding, type), ...payload]));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #write(frame: Buffer): void {
    if (this.isOpen) this.#socket.write(wireString(frame));
  }
}
