import { type Readable, Writable } from 'node:stream';
import { type ClientChannel } from 'ssh2';
import { type SshFailure } from '../errors.js';
import { type LinkChannel } from '../link.js';

/** One exec channel of ssh2 as the channel of a link: it says how it ended, also when the link just vanished. */
export class SshChannel implements LinkChannel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly closed: Promise<{ code: number | null }>;
  onExit: () => void = ignore;
  readonly #stream: ClientChannel;
  #settle!: (end: { code: number | null } | SshFailure) => void;
  #exit: { code: number | null } | null = null;
  #isClosing = false;

  /** `lost` describes a channel that closed without saying how its program ended. */
  constructor(stream: ClientChannel, lost: () => SshFailure) {
    this.#stream = stream;
    this.stdout = stream;
    this.stderr = stream.stderr;
    this.stdin = stdinOf(stream);
    this.closed = new Promise((resolve, reject) => {
      this.#settle = (end) => {
        this.stdin.destroy();
        if (end instanceof Error) reject(end);
        else resolve(end);
      };
    });
    // Not everybody waits for the end of a channel; a lost one must not look like a bug of the process.
    this.closed.catch(ignore);
    stream.on('error', ignore);
    stream.stderr.on('error', ignore);
    stream.once('exit', (code: number | null) => {
      this.#exit = { code };
      this.onExit();
    });
    stream.once('close', () => {
      this.#settle(this.#exit ?? (this.#isClosing ? { code: null } : lost()));
    });
  }

  get isOpen(): boolean {
    return this.#exit === null && !this.#isClosing && stateOf(this.#stream) === 'open';
  }

  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#stream.end();
    this.#stream.close();
    // ssh2 tells of the end only after the last byte was taken, and the slot on the server counts until then.
    this.stdout.resume();
    this.stderr.resume();
  }

  /** The link is gone: tells so at once, unless the whole story had arrived and only waits to be read. */
  linkLost(failure: SshFailure): void {
    if (this.#exit && stateOf(this.#stream) === 'closed') return;
    this.#settle(failure);
  }
}

/** Ends a channel that nobody asked for any more. */
export const discard = (stream: ClientChannel): void => {
  stream.on('error', ignore);
  stream.stderr.on('error', ignore);
  stream.resume();
  stream.stderr.resume();
  stream.end();
  stream.close();
};

const ignore = (): void => undefined;

/** ssh2 never calls back for a write on a dead channel; this stream is destroyed with the channel and then does. */
const stdinOf = (stream: ClientChannel): Writable =>
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      stream.write(chunk, done);
    },
    final: (done) => {
      stream.end(done);
    },
  });

/** What the other side has said of this channel: `open`, `eof` or `closed`. */
const stateOf = ({ incoming }: ClientChannel): unknown =>
  typeof incoming === 'object' && incoming !== null && 'state' in incoming ? incoming.state : null;
