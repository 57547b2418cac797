import { Readable, Writable } from 'node:stream';
import { type SshFailure } from '../errors.js';
import { ChannelRefused, type LinkChannel } from '../link.js';
import { type MuxSocket } from './mux-socket.js';
import { uint32, type WireReader, wireString } from './wire-format.js';

/** Message numbers of the SSH connection protocol (RFC 4254, 9). */
const OPEN = 90;
export const OPEN_CONFIRMATION = 91;
const OPEN_FAILURE = 92;
const WINDOW_ADJUST = 93;
const DATA = 94;
const EXTENDED_DATA = 95;
const EOF = 96;
const CLOSE = 97;
const REQUEST = 98;
const SUCCESS = 99;
const FAILURE = 100;

const STDERR = 1;
const WINDOW_BYTES = 2 * 1024 * 1024;
const PACKET_BYTES = 32 * 1024;
/** Room is given back to the other side in portions of this size, not for every packet. */
const GRANT_BYTES = WINDOW_BYTES / 8;
const BUFFER_BYTES = 256 * 1024;

interface Far {
  id: Buffer;
  /** Bytes that it takes now. */
  window: number;
  packetBytes: number;
}

/** One session channel (RFC 4254, 5 and 6), opened and spoken for by this process over the master's control socket. */
export class MuxChannel implements LinkChannel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the command runs; rejects with `ChannelRefused` when the server does not want it. */
  readonly started: Promise<void>;
  readonly closed: Promise<{ code: number | null }>;
  onExit: () => void = ignore;
  readonly #mux: MuxSocket;
  readonly #command: string | null;
  readonly #lost: () => SshFailure;
  #far: Far | null = null;
  #unsent: { chunk: Buffer; done: (error?: Error) => void } | null = null;
  /** Output streams whose readers are behind. */
  readonly #full = new Set<Readable>();
  /** Bytes that have arrived, for which the other side was not yet given new room. */
  #owed = 0;
  #isStarted = false;
  #isClosing = false;
  #hasSentClose = false;
  #hasEnded = false;
  #exit: { code: number | null } | null = null;
  readonly #echoes: { heard: () => void; lost: (failure: SshFailure) => void }[] = [];
  #start!: (refusal: Error | null) => void;
  #settle!: (end: { code: number | null } | SshFailure) => void;

  /**
   * Asks for the channel. Without a command it is closed as soon as the server has answered.
   *
   * @param lost Describes one that closed without saying how its program ended.
   */
  constructor(id: number, mux: MuxSocket, command: string | null, lost: () => SshFailure) {
    this.#mux = mux;
    this.#command = command;
    this.#lost = lost;
    this.started = new Promise((resolve, reject) => {
      this.#start = (refusal) => {
        if (refusal) reject(refusal);
        else resolve();
      };
    });
    this.closed = new Promise((resolve, reject) => {
      this.#settle = (end) => {
        this.stdin.destroy();
        if (end instanceof Error) reject(end);
        else resolve(end);
      };
    });
    // Not everybody waits for both; neither must look like a bug of the process.
    this.started.catch(ignore);
    this.closed.catch(ignore);
    this.stdin = this.#input();
    this.stdout = this.#output();
    this.stderr = this.#output();
    mux.send(OPEN, wireString('session'), uint32(id), uint32(WINDOW_BYTES), uint32(PACKET_BYTES));
  }

  get isOpen(): boolean {
    return this.#isStarted && this.#exit === null && !this.#isClosing && !this.#hasEnded;
  }

  /** Resolves after one round trip: a request that no server knows is denied by all of them. */
  echo(): Promise<void> {
    return new Promise((heard, lost) => {
      this.#echoes.push({ heard, lost });
      this.#say(REQUEST, wireString('echo@maestro-server'), Buffer.of(1));
    });
  }

  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#sendClose();
    this.stdout.resume();
    this.stderr.resume();
  }

  /** The link is gone: nothing is known of the program, unless it has said how it ended and all of it was said. */
  linkLost(failure: SshFailure): void {
    this.#hasSentClose = true;
    this.#start(failure);
    for (const { lost } of this.#echoes.splice(0)) lost(failure);
    this.#settle(this.#hasEnded && this.#exit ? this.#exit : failure);
    // Whoever reads learns the reason before the end.
    setImmediate(() => {
      this.#end();
    });
  }

  /** A packet for this channel, without the channel's number. Returns whether it was the last one. */
  take(type: number, packet: WireReader): boolean {
    switch (type) {
      case OPEN_CONFIRMATION:
        this.#confirmed(packet);
        return false;
      case OPEN_FAILURE: {
        const reason = packet.uint32();
        this.#refused(`${packet.text()} (reason ${String(reason)})`);
        return true;
      }
      case SUCCESS:
        this.#isStarted = true;
        this.#start(null);
        return false;
      case FAILURE:
        if (this.#isStarted) this.#echoes.shift()?.heard();
        else this.#notRun();
        return false;
      case WINDOW_ADJUST:
        if (this.#far) this.#far.window += packet.uint32();
        this.#flush();
        return false;
      case DATA:
        this.#arrived(this.stdout, packet.string());
        return false;
      case EXTENDED_DATA:
        this.#arrived(packet.uint32() === STDERR ? this.stderr : null, packet.string());
        return false;
      case EOF:
        this.#end();
        return false;
      case REQUEST:
        this.#asked(packet);
        return false;
      case CLOSE:
        this.#sendClose();
        this.#refused('the server closed the channel');
        this.#end();
        for (const { heard } of this.#echoes.splice(0)) heard();
        this.#settle(this.#exit ?? (this.#isClosing ? { code: null } : this.#lost()));
        return true;
      default:
        return false;
    }
  }

  #confirmed(packet: WireReader): void {
    this.#far = {
      id: uint32(packet.uint32()),
      window: packet.uint32(),
      packetBytes: Math.min(packet.uint32(), PACKET_BYTES),
    };
    if (this.#isClosing) {
      this.#sendClose();
    } else if (this.#command === null) {
      this.#start(null);
      this.close();
    } else {
      this.#say(REQUEST, wireString('exec'), Buffer.of(1), wireString(this.#command));
    }
  }

  #notRun(): void {
    this.#isClosing = true;
    this.#refused('the server did not run the command');
    this.#sendClose();
  }

  /** Counts only as long as the command does not run. */
  #refused(why: string): void {
    this.#start(new ChannelRefused(why));
    if (!this.#far) this.#settle({ code: null });
  }

  #asked(packet: WireReader): void {
    const name = packet.text();
    const wantsReply = packet.byte() !== 0;
    if (name === 'exit-status' || name === 'exit-signal') {
      this.#exit = { code: name === 'exit-status' ? packet.uint32() : null };
      this.onExit();
    }
    if (wantsReply) this.#say(FAILURE);
  }

  #arrived(stream: Readable | null, data: Buffer): void {
    this.#owed += data.length;
    if (stream && !stream.destroyed && !stream.readableEnded && !this.#hasEnded) {
      if (!stream.push(data)) this.#full.add(stream);
    }
    this.#grant();
  }

  /** A reader that is behind holds the other side back: nothing piles up here beyond one window. */
  #grant(): void {
    if (this.#full.size > 0 || this.#owed < GRANT_BYTES || this.#hasEnded) return;
    this.#say(WINDOW_ADJUST, uint32(this.#owed));
    this.#owed = 0;
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    for (const stream of [this.stdout, this.stderr]) stream.push(null);
  }

  #flush(): void {
    while (this.#unsent && this.#far && this.#far.window > 0 && !this.#hasSentClose) {
      const { chunk, done } = this.#unsent;
      const part = chunk.subarray(0, Math.min(this.#far.window, this.#far.packetBytes));
      this.#far.window -= part.length;
      this.#say(DATA, wireString(part));
      this.#unsent =
        part.length < chunk.length ? { chunk: chunk.subarray(part.length), done } : null;
      if (!this.#unsent) done();
    }
  }

  #sendClose(): void {
    if (!this.#far || this.#hasSentClose) return;
    this.#say(CLOSE);
    this.#hasSentClose = true;
  }

  #say(type: number, ...payload: readonly Buffer[]): void {
    if (this.#far && !this.#hasSentClose) this.#mux.send(type, this.#far.id, ...payload);
  }

  #input(): Writable {
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#unsent = { chunk, done };
        this.#flush();
      },
      final: (done) => {
        this.#say(EOF);
        done();
      },
      destroy: (error, done) => {
        this.#unsent?.done(error ?? new Error('the channel is closed'));
        this.#unsent = null;
        done(error);
      },
    });
    stream.on('error', ignore);
    return stream;
  }

  #output(): Readable {
    const stream: Readable = new Readable({
      highWaterMark: BUFFER_BYTES,
      read: () => {
        this.#full.delete(stream);
        this.#grant();
      },
    });
    stream.on('error', ignore);
    stream.once('close', () => {
      this.#full.delete(stream);
      this.#grant();
    });
    return stream;
  }
}

const ignore = (): void => undefined;
